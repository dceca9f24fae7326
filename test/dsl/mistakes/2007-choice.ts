import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error a reduction is a mean or a sum
    rows: softmax({ reduction: 'average' }),
  });
