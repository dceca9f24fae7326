import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error the logit is what this defines
    logit: ({ dot, logit }) => dot + 0.1 * logit,
    rows: softmax(),
  });
