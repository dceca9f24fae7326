import { pairwiseLoss, softmax } from 'infinitile';

const temperature = 0.05;

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => dot / temperature,
  rows: softmax(),
});
