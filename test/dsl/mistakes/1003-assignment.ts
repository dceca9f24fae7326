import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => {
      let value = dot;
      if (value < 0) value = 0;
      value++;
      return value;
    },
    rows: softmax(),
  });
