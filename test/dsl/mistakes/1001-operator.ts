import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot, row, col }) => ((row.index & 1) === (col.index & 1) ? dot : -dot),
    rows: softmax(),
  });
