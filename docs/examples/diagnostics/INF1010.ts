import { pairwiseLoss } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  logit: ({ dot }) => 20 * dot,
  rows: { value: ({ lse, dot }) => lse - dot },
});
