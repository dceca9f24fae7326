import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error the logit is a number
    logit: ({ dot }) => dot > 0,
    rows: softmax(),
  });
