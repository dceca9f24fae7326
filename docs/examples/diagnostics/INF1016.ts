import { pairwiseLoss, softmax } from 'infinitile';

const softplus = (x: number): number => x;

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => softplus(dot),
  rows: softmax(),
});
