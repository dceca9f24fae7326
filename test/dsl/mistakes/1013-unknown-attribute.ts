import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    attributes: { rows: { label: 'i32' } },
    // @ts-expect-error columns have no label, and rows no lable
    logit: ({ dot, row, col }) => (row.lable === col.label ? dot : -dot),
    rows: softmax(),
  });
