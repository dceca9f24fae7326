import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error positive is a boolean
    logit: ({ dot, positive }) => dot + 0.5 * positive,
    rows: softmax(),
  });
