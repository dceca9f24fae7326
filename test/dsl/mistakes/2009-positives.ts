import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    positives: { column: ({ row }) => row.index, where: ({ row, col }) => row.index === col.index },
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error the mask is counts
    rows: { mask: () => true },
  });
