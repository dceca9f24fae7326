import { pairwiseLoss, softmax } from '../../../dsl/index.js';

const temperature = 0.07;
const settings = { bias: -10 };

export const declare = () =>
  pairwiseLoss('mistaken', {
    logit: ({ dot }) => dot / temperature + settings.bias,
    rows: softmax(),
  });
