import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logscale) * dot,
  rows: softmax(),
});
