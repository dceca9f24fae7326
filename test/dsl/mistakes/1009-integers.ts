import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    attributes: { rows: { weight: 'f32' } },
    positives: { column: ({ row }) => row.index * row.weight },
    logit: ({ dot, row }) => (dot % 2) + row.weight % 3,
    rows: softmax(),
  });
