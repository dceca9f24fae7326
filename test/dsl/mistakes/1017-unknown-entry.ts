import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error the entry is positive
    logit: ({ dot, positiv }) => (positiv ? dot - 0.2 : dot),
    rows: softmax(),
  });
