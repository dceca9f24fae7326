import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => Math.cbrt(dot) + Math.tan(dot),
    rows: softmax(),
  });
