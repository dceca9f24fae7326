import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error a generator is no number
    logit: function* ({ dot }) {
      yield dot;
      return dot;
    },
    rows: softmax(),
  });
