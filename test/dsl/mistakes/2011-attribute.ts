import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    attributes: {
      // @ts-expect-error a type is i32 or f32
      rows: { label: 'int32', 'my-group': 'i32' },
      cols: { index: 'i32', positiveLogit: 'f32' },
    },
    logit: ({ dot }) => 20 * dot,
    rows: softmax(),
  });
