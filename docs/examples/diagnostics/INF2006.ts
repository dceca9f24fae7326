import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ row, col }) => row.index - col.index,
  rows: softmax(),
});
