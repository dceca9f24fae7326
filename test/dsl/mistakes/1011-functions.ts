import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    functions: { scaled: (x: number, by: number) => by * x },
    // @ts-expect-error it takes two
    logit: ({ dot, functions }) => functions.scaled(dot),
    rows: softmax(),
  });
