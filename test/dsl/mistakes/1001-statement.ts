import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => {
      if (dot > 1) throw new Error('a cosine is at most 1');
      Math.exp(dot);
      return dot;
    },
    rows: softmax(),
  });
