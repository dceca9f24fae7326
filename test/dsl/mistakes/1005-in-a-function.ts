import { pairwiseLoss, softmax } from '../../../dsl/index.js';

const temperature = 0.05;

export const declare = () =>
  pairwiseLoss('mistaken', {
    functions: {
      scaled(x: number): number {
        return x / temperature;
      },
    },
    logit: ({ dot, functions }) => functions.scaled(dot) + functions.scaled(1),
    rows: softmax(),
  });
