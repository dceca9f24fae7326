import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['scale', 'bias', 'scale'],
    logit: ({ dot, params }) => params.scale * dot + params.bias,
    rows: softmax(),
  });
