import { pairwiseLoss, softmax } from '../../../dsl/index.js';

export const declare = () =>
  pairwiseLoss('mistaken', {
    // @ts-expect-error it is a boolean
    guide: 'features',
    // @ts-expect-error it is a record
    attributes: { rows: ['label'] },
    // @ts-expect-error it is a record of functions
    functions: { twice: 2 },
    // @ts-expect-error it is a record
    between: ['queries', 'keys'],
    logit: ({ dot }) => 20 * dot,
    // @ts-expect-error it is a function
    rows: { counts: 'positive' },
    // @ts-expect-error its value is missing
    pairs: {},
    cols: softmax(),
  });
