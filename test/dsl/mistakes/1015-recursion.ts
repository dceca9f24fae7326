import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => {
      const powers = (x: number): number => (x < 1e-3 ? 0 : x + powers(x * dot));
      return powers(dot);
    },
    rows: softmax(),
  });
