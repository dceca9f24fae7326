import { pairwiseLoss, softmax } from '../../../dsl/index.js';

const softplus = (x: number): number => Math.max(x, 0);

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => softplus(dot),
    rows: softmax(),
  });
