import { softplus } from './functions.js';
import { pairwiseLoss, softmax } from './pairwise-loss.js';

/**
 * The symmetric contrastive loss of CLIP (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language
 * Supervision", figure 3): the mean of the query -> key and the key -> query cross entropy, with a learned temperature
 * exp(-logScale).
 *
 *     s_ij = exp(logScale) q_i . k_j
 *     L = 1/2N sum_i (log sum_j exp(s_ij) - s_ii) + 1/2N sum_j (log sum_i exp(s_ij) - s_jj)
 */
export const clip = pairwiseLoss('clip', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: softmax({ weight: 0.5 }),
  cols: softmax({ weight: 0.5 }),
});

/**
 * InfoNCE (van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding", equation 4), with the
 * exponential of a scaled inner product as its density ratio: each query is classified among all keys.
 *
 *     s_ij = exp(logScale) q_i . k_j
 *     L = 1/N sum_i (log sum_j exp(s_ij) - s_ii)
 */
export const infoNCE = pairwiseLoss('infoNCE', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: softmax(),
});

/**
 * The sigmoid loss of SigLIP (Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", section 3.2, algorithm 1):
 * each pair is classified on its own as a positive, z_ij = 1, or not, z_ij = -1.
 *
 *     s_ij = exp(logScale) q_i . k_j + bias
 *     L = 1/N sum_ij log(1 + exp(-z_ij s_ij))
 */
export const siglip = pairwiseLoss('siglip', {
  params: ['logScale', 'bias'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias,
  pairs: {
    value: ({ logit, positive }) => softplus(positive ? -logit : logit),
    reduction: 'rowMean',
  },
});
