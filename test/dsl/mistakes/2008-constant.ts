import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error constants are numbers and booleans
    constants: { mode: 'hard' },
    logit: ({ dot }) => 20 * dot,
    rows: softmax(),
  });
