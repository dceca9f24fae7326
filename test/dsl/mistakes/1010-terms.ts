import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error it defines the positives
    positives: { where: ({ row, col, positive, dot }) => positive && row.index === col.index && dot > 0 },
    // @ts-expect-error masks alone know the positive
    logit: ({ dot, row }) => dot - row.positiveLogit,
    // @ts-expect-error no pair is at hand
    rows: { value: ({ lse, logit, col }) => lse - logit - col.index },
    cols: { counts: ({ guide, row }) => guide < row.positiveGuide },
    // @ts-expect-error no sum is at hand
    pairs: { value: ({ logit, lse }) => logit - lse },
  });
