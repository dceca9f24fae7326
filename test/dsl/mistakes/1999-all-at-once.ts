import { pairwiseLoss, softmax, softplus } from '../../../dsl/index.js';

const margin = 0.1;

export const declare = () =>
  pairwiseLoss('mistaken', {
    params: ['logScale'],
    logit: ({ dot, params, row }) => {
      // @ts-expect-error the parameter is logScale
      let scale = Math.exp(params.logscale);
      while (scale > 100) scale /= 2;
      if (row.index) return margin + dot;
      // @ts-expect-error it takes one argument
      return scale * softplus(dot, 1);
    },
    rows: softmax({ weight: 0 }),
  });
