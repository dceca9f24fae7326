import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => {
      const shifted = (x: number, by: number) => x + by;
      // @ts-expect-error each takes another number of arguments
      return shifted(dot) + Math.exp(dot, 2);
    },
    rows: softmax(),
  });
