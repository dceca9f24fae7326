import { pairwiseLoss, softmax } from 'infinitile';

export const mine = pairwiseLoss('mine', {
  params: ['scale', 'scale'],
  logit: ({ dot, params }) => params.scale * dot,
  rows: softmax(),
});
