import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error Math has no such constant
    logit: ({ dot }) => dot * Math.PIE,
    rows: softmax(),
  });
