import { counterpart, pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    between: { rows: ['queries'], cols: ['queries'] },
    positives: counterpart,
    logit: ({ dot }) => 20 * dot,
    rows: softmax({ normaliser: 'counterparts' }),
  });
