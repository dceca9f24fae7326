import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error the field is cols
    columns: softmax(),
    rows: softmax(),
  });
