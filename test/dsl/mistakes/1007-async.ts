import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error a promise is no number
    logit: async ({ dot }) => dot,
    rows: softmax(),
  });
