import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => Math.cbrt(dot),
  rows: softmax(),
});
