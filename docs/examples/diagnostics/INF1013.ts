import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  attributes: { rows: { label: 'i32' } },
  logit: ({ dot, row, col }) => (row.label === col.label ? dot : -dot),
  rows: softmax(),
});
