import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('my loss', {
  logit: ({ dot }) => 20 * dot,
  rows: softmax(),
});
