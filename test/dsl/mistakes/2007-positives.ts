import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error it is imported
    positives: 'diagonal',
    logit: ({ dot }) => 20 * dot,
    rows: softmax(),
  });
