import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error the function is Math's
    logit: ({ dot }) => exp(dot),
    rows: softmax(),
  });
