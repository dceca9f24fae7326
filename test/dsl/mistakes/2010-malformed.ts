import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error params is a list
    params: 'scale',
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error a softmax is needed
    rows: true,
  });
