import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot, positive }) => 20 * dot + positive,
  rows: softmax(),
});
