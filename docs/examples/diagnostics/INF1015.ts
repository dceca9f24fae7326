import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => {
    const halved = (x: number): number => (x > 1 ? halved(x / 2) : x);
    return halved(dot);
  },
  rows: softmax(),
});
