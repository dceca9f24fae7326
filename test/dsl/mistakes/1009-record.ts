import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error a row is a record
    logit: ({ dot, row }) => dot * row,
    rows: softmax(),
  });
