import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['scale'],
    logit: ({ params, row }) => params.scale * row.index,
    rows: softmax(),
  });
