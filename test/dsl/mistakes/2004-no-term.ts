import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => 20 * dot,
  });
