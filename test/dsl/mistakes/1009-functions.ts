import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    functions: { scaled: (x: number) => 20 * x, even: (i: number) => i % 2 === 0 },
    logit: ({ dot, positive, functions }) => (functions.even(dot) ? dot : functions.scaled(positive as never)),
    rows: softmax(),
  });
