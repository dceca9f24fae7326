import { pairwiseLoss, softmax, stopGradient, type PairwiseLoss } from 'infinitile';

/**
 * CLIP with two changes, as a user makes them:
 *
 * - a soft cap: logits are bent by tanh, so that none exceeds `cap` and no scale that is learned can overflow;
 * - negatives that are nearer than `near` are likely positives that nobody labelled: they count half, that is, their logit is
 *   less by log 2, and where that line lies is not differentiated.
 *
 *     npx infinitile run examples/losses/softcap.ts --queries q.npy --keys k.npy --params logScale=3
 *     npx infinitile inspect examples/losses/softcap.ts --emit expression
 */
export const softcap: PairwiseLoss = pairwiseLoss('softcap', {
  params: ['logScale'],
  constants: { cap: 50, near: 0.9 },
  logit: ({ dot, positive, params, constants }) => {
    const capped = constants.cap * Math.tanh((Math.exp(params.logScale) * dot) / constants.cap);
    if (positive) return capped;
    return stopGradient(dot) > constants.near ? capped - Math.LN2 : capped;
  },
  rows: softmax({ weight: 0.5 }),
  cols: softmax({ weight: 0.5 }),
});
