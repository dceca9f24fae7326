import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ similarity }) => 20 * similarity,
  rows: softmax(),
});
