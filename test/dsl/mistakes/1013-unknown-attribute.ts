import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error rows have an index only
    logit: ({ dot, row, col }) => (row.label === col.label ? dot : -dot),
    rows: softmax(),
  });
