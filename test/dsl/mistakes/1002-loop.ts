import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => {
      for (const power of [2, 3]) {
        if (dot > power) return dot ** power;
      }
      return dot;
    },
    rows: softmax(),
  });
