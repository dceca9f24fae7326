import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error one branch is a boolean
    logit: ({ dot, positive }) => (positive ? dot : dot > 0),
    rows: softmax(),
  });
