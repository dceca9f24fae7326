import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot, col }) => (col.index ? dot : -dot),
    rows: softmax(),
  });
