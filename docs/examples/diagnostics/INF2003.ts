import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  params: ['log-scale'],
  logit: ({ dot, params }) => params['log-scale'] * dot,
  rows: softmax(),
});
