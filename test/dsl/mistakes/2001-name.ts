import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('my loss', { logit: ({ dot }) => dot, rows: softmax() });
