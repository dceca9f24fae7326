import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    attributes: { rows: { group: 'i32' } },
    logit: ({ dot, row, col }) => (col.index % row.group === 0 && row.index % 0.5 === 0 ? dot : -dot),
    rows: softmax(),
  });
