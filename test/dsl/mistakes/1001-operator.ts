import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot, row, col }) => (row.index % 2 === col.index % 2 ? dot : -dot),
    rows: softmax(),
  });
