import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot, row, col }) => (row.index % col.index === 0 ? dot : 0),
  rows: softmax(),
});
