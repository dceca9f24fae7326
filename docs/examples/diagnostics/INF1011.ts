import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => Math.exp(dot, 2),
  rows: softmax(),
});
