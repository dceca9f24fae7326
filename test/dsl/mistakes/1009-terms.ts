import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error a condition is needed
    positives: { where: ({ row, col }) => row.index - col.index },
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error a boolean is needed
    rows: { counts: ({ logit }) => logit },
    // @ts-expect-error a number is needed
    cols: { value: ({ lse, positiveLogit }) => lse > positiveLogit },
  });
