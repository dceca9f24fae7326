import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  columns: softmax(),
  logit: ({ dot }) => 20 * dot,
  rows: softmax(),
});
