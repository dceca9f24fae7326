import { counterpart, pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  between: { rows: ['queries'], cols: ['queries'] },
  positives: counterpart,
  logit: ({ dot }) => 20 * dot,
  rows: softmax(),
});
