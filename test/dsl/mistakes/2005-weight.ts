import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => 20 * dot,
    rows: softmax({ weight: 0 }),
    cols: softmax({ weight: Number.NaN }),
  });
