import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error not every path returns
    logit: ({ dot, positive }) => {
      if (positive) {
        return dot - 0.2;
      }
    },
    rows: softmax(),
  });
