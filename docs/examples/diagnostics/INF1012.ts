import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  constants: { margin: 0.2 },
  logit: ({ dot, constants }) => constants.scale * dot,
  rows: softmax(),
});
