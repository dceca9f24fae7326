import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot, positive }) => {
    if (positive) return 20 * dot - 1;
  },
  rows: softmax(),
});
