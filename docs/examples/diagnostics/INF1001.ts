import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => 20 * (dot ?? 0),
  rows: softmax(),
});
