import { pairwiseLoss } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
    positives: { where: ({ row, col }) => row.label === col.label },
    logit: ({ dot }) => 20 * dot,
    rows: { counts: ({ logit, positive, row }) => positive || logit < row.positiveLogit },
    cols: { value: ({ col }) => 2 * col.index },
  });
