import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['scale'],
    // @ts-expect-error a string is no number
    logit: ({ dot, params }) => `${dot * params.scale}`,
    rows: softmax(),
  });
