import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  attributes: { rows: { label: 'int32' }, cols: { index: 'i32' } },
  logit: ({ dot }) => 20 * dot,
  rows: softmax(),
});
