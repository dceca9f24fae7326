import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['logScale'],
    // @ts-expect-error the parameter is logScale
    logit: ({ dot, params }) => Math.exp(params.logscale) * dot,
    rows: softmax(),
  });
