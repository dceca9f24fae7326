import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['log scale'],
    constants: { 'top-k': 2 },
    logit: ({ dot, params, constants }) => params['log scale'] * constants['top-k'] * dot,
    rows: softmax(),
  });
