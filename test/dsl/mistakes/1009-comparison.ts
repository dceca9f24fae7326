import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error a number is never a boolean
    logit: ({ dot, positive }) => (dot === positive ? dot : 0),
    rows: softmax(),
  });
