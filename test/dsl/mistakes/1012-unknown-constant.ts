import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    constants: { margin: 0.2 },
    // @ts-expect-error the constant is margin
    logit: ({ dot, positive, constants }) => (positive ? dot - constants.margins : dot),
    rows: softmax(),
  });
