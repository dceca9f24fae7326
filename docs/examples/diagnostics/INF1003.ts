import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => {
    let scaled = 20 * dot;
    if (scaled > 100) scaled = 100;
    return scaled;
  },
  rows: softmax(),
});
