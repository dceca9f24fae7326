import { pairwiseLoss, softmax, softplus, type PairwiseLoss } from '../../runtime/index.js';

/** SigLIP's pairs that are no positives, alone: nothing larger hides what they add up to. */
export const negatives = pairwiseLoss('negatives', {
  params: ['logScale', 'bias'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias,
  pairs: { value: ({ logit, positive }) => (positive ? 0 : softplus(logit)), reduction: 'rowMean' },
});

/** Softpluses of other lines than the logit, their weights learned too. */
export const twoSoftpluses = pairwiseLoss('twoSoftpluses', {
  params: ['logScale', 'bias', 'balance'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  pairs: {
    value: ({ logit, dot, positive, params }) => (positive ? softplus(-logit) : params.balance * softplus(logit + params.bias) - softplus(1 - 2 * dot) / 3),
    reduction: 'pairMean',
  },
});

/** A softplus beside both softmaxes. */
export const softplusBeside = pairwiseLoss('softplusBeside', {
  params: ['logScale', 'bias'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias,
  rows: softmax({ weight: 0.5 }),
  cols: softmax({ weight: 0.5 }),
  pairs: { value: ({ logit, positive }) => softplus(positive ? -logit : logit), weight: 0.1 },
});

/** A pair term that is short, and no sum of softpluses. */
export const margins = pairwiseLoss('margins', {
  params: ['logScale', 'margin'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  pairs: { value: ({ logit, positive, params }) => (positive ? 1 - logit : Math.max(0, logit - params.margin) ** 2) },
});

/** Pair terms whose plain tiles GPUs have a code of their own for. */
export const pairLosses: readonly PairwiseLoss[] = [negatives, twoSoftpluses, softplusBeside, margins];
