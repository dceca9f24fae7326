import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: async ({ dot }) => 20 * dot,
  rows: softmax(),
});
