import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error tensors are queries and keys
    between: { rows: ['query'], cols: ['keys', 'keys'] },
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error a row without a positive is refused or skipped
    rows: softmax({ unmatched: 'ignore' }),
  });
