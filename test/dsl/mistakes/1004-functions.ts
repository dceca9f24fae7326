import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    functions: { scaled: (x: number) => 20 * x },
    // @ts-expect-error it is scaled
    logit: ({ dot, functions }) => functions.scale(dot),
    rows: softmax(),
  });
