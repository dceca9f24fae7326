import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error the loss declares no parameters
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: softmax(),
  });
