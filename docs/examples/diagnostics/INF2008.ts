import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  constants: { scale: '20' },
  logit: ({ dot, constants }) => constants.scale * dot,
  rows: softmax(),
});
