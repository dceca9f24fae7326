import { softplus, stopGradient } from './functions.js';
import type { PairwiseLoss } from './loss.js';
import { counterpart, pairwiseLoss, softmax } from './pairwise-loss.js';

/*
 * The presets. Those with options are functions. Each is written as a user would write it, and reads like its paper; unless said
 * otherwise embeddings have unit norm, so that their inner product is their cosine, and exp(logScale) is 1 / temperature.
 */

/** Both tensors, one under the other, as the two views of a batch are. */
const bothViews = { rows: ['queries', 'keys'], cols: ['queries', 'keys'] } as const;

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
 * CLIP with its scale kept from exceeding 100 (Radford et al. 2021, section 2.5). Beyond `limit` logScale has no gradient.
 *
 *     s_ij = min(exp(logScale), limit) q_i . k_j
 */
export function clampedClip({ limit = 100 }: { readonly limit?: number } = {}): PairwiseLoss {
  return pairwiseLoss('clampedClip', {
    params: ['logScale'],
    constants: { limit },
    logit: ({ dot, params, constants }) => Math.min(Math.exp(params.logScale), constants.limit) * dot,
    rows: softmax({ weight: 0.5 }),
    cols: softmax({ weight: 0.5 }),
  });
}

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

/**
 * NT-Xent, the loss of SimCLR (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations",
 * equation 1). Queries and keys are the two views z of a batch, 2N rows in all; each is classified among all others.
 *
 *     s_ij = exp(logScale) z_i . z_j
 *     L = 1/2N sum_i (log sum_{j != i} exp(s_ij) - s_ip),  p the other view of i
 */
export const ntXent = pairwiseLoss('ntXent', {
  params: ['logScale'],
  between: bothViews,
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { counts: ({ row, col }) => row.index !== col.index || row.view !== col.view },
});

/**
 * Decoupled contrastive learning (Yeh et al. 2022, "Decoupled Contrastive Learning"): NT-Xent without the positive in the
 * denominator.
 *
 *     s_ij = exp(logScale) z_i . z_j
 *     L = 1/2N sum_i (log sum_j exp(s_ij) - s_ip),  over the views j of all others, p the other view of i
 */
export const decoupled = pairwiseLoss('decoupled', {
  params: ['logScale'],
  between: bothViews,
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { counts: ({ row, col }) => row.index !== col.index },
});

/**
 * The supervised contrastive loss (Khosla et al. 2020, "Supervised Contrastive Learning", equation 2, L_out), among the queries
 * alone: the positives of a row are the others of its label. Rows without one are left out, and the mean is over the rest.
 *
 *     s_ij = exp(logScale) z_i . z_j
 *     L = mean_i (log sum_{j != i} exp(s_ij) - mean_{p in P(i)} s_ip)
 */
export const supCon = pairwiseLoss('supCon', {
  params: ['logScale'],
  attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
  between: { rows: ['queries'], cols: ['queries'] },
  positives: { where: ({ row, col }) => row.label === col.label && row.index !== col.index },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { counts: ({ row, col }) => row.index !== col.index, unmatched: 'skip' },
});

/**
 * The improved contrastive loss of GTE (Li et al. 2023, "Towards General Text Embeddings with Multi-stage Contrastive
 * Learning"): a query q and its document d share one normaliser over both tensors, themselves excluded.
 *
 *     s(a, b) = exp(logScale) a . b
 *     Z_i = sum_j e^s(q_i, d_j) + sum_{j != i} e^s(q_i, q_j) + sum_j e^s(q_j, d_i) + sum_{j != i} e^s(d_j, d_i)
 *     L = 1/N sum_i (log Z_i - s(q_i, d_i))
 */
export const gte = pairwiseLoss('gte', {
  params: ['logScale'],
  between: bothViews,
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { normaliser: 'counterparts', counts: ({ row, col }) => row.index !== col.index || row.view !== col.view },
});

/**
 * InfoNCE with hard negatives (Karpukhin et al. 2020, "Dense Passage Retrieval for Open-Domain Question Answering", section
 * 3.2): the keys are groups of a positive and its `negatives`, one group a query, and those of other queries count too.
 *
 *     s_ij = exp(logScale) q_i . k_j
 *     L = 1/N sum_i (log sum_j exp(s_ij) - s_ip),  p = (1 + negatives) i
 */
export function hardNegatives({ negatives = 1 }: { readonly negatives?: number } = {}): PairwiseLoss {
  return pairwiseLoss('hardNegatives', {
    params: ['logScale'],
    constants: { group: 1 + negatives },
    positives: { column: ({ row, constants }) => row.index * constants.group },
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: softmax(),
  });
}

/**
 * CLIP with smoothed labels (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", section 7): the
 * target of a row is its positive with probability 1 - epsilon, and any column with the rest.
 *
 *     L = 1/2N sum_i (R_i - (1 - epsilon) s_ii - epsilon mean_j s_ij) + the same down the columns
 */
export function labelSmoothing({ epsilon = 0.1 }: { readonly epsilon?: number } = {}): PairwiseLoss {
  return pairwiseLoss('labelSmoothing', {
    params: ['logScale'],
    constants: { epsilon },
    functions: { crossEntropy: (lse: number, positive: number, mean: number, epsilon: number) => lse - (1 - epsilon) * positive - epsilon * mean },
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: {
      weight: 0.5,
      value: ({ lse, positiveLogit, meanLogit, constants, functions }) => functions.crossEntropy(lse, positiveLogit, meanLogit, constants.epsilon),
    },
    cols: {
      weight: 0.5,
      value: ({ lse, positiveLogit, meanLogit, constants, functions }) => functions.crossEntropy(lse, positiveLogit, meanLogit, constants.epsilon),
    },
  });
}

/**
 * An additive margin on the positive, in both directions: CosFace's (Wang et al. 2018, "CosFace: Large Margin Cosine Loss for
 * Deep Face Recognition", equation 4) between two encoders, as in Yang et al. 2019, "Improving Multilingual Sentence Embedding
 * using Bi-directional Dual Encoder with Additive Margin Softmax".
 *
 *     s_ij = exp(logScale) (q_i . k_j - margin [i = j])
 *     L = 1/N sum_i (log sum_j exp(s_ij) - s_ii) + 1/N sum_j (log sum_i exp(s_ij) - s_jj)
 */
export function additiveMargin({ margin = 0.3 }: { readonly margin?: number } = {}): PairwiseLoss {
  return pairwiseLoss('additiveMargin', {
    params: ['logScale'],
    constants: { margin },
    logit: ({ dot, positive, params, constants }) => Math.exp(params.logScale) * (positive ? dot - constants.margin : dot),
    rows: softmax(),
    cols: softmax(),
  });
}

/**
 * InfoNCE with the z-loss of PaLM (Chowdhery et al. 2022, "PaLM: Scaling Language Modeling with Pathways", section 5), which
 * keeps the normaliser near 1.
 *
 *     L = 1/N sum_i (R_i - s_ii + weight R_i^2),  R_i = log sum_j exp(s_ij)
 */
export function zLoss({ weight = 1e-4 }: { readonly weight?: number } = {}): PairwiseLoss {
  return pairwiseLoss('zLoss', {
    params: ['logScale'],
    constants: { weight },
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: { value: ({ lse, positiveLogit, constants }) => lse - positiveLogit + constants.weight * lse * lse },
  });
}

/**
 * InfoNCE without the keys that are too close to the query to be negatives: those whose similarity exceeds the positive's by
 * more than `margin` (Zhang et al. 2025, "Qwen3 Embedding: Advancing Text Embedding and Reranking Through Foundation Models",
 * masks so, with 0.1), or, `relative`, by more than that part of it.
 *
 *     s_ij = exp(logScale) q_i . k_j
 *     L = 1/N sum_i (log sum_{j in A(i)} exp(s_ij) - s_ii)
 *     A(i) = { i } and { j: q_i . k_j <= q_i . k_i + margin },  or  { j: q_i . k_j <= q_i . k_i + margin |q_i . k_i| }
 */
export function maskedFalseNegatives({ margin = 0.1, relative = false }: { readonly margin?: number; readonly relative?: boolean } = {}): PairwiseLoss {
  return pairwiseLoss('maskedFalseNegatives', {
    params: ['logScale'],
    constants: { margin, relative },
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: {
      counts: ({ logit, positive, row, params, constants }) => {
        const reach = constants.relative ? Math.abs(row.positiveLogit) : Math.exp(params.logScale);
        return positive || logit <= row.positiveLogit + constants.margin * reach;
      },
    },
  });
}

/**
 * GISTEmbed (Solatorio 2024, "GISTEmbed: Guided In-sample Selection of Training Negatives for Text Embedding Fine-tuning"): a
 * second, guiding pair of embeddings tells which columns are no negatives, those it finds closer than the query's own document,
 * less a `margin` (absolute, or `relative`: that part of it). Query and document share a normaliser over q -> d, q -> q and
 * d -> d.
 *
 *     s(a, b) = exp(logScale) a . b,  g the guide's inner product,  g_i = g(q_i, d_i) - margin
 *     Z_i = e^s(q_i, d_i) + sum_{j != i} ([g(q_i, d_j) <= g_i] e^s(q_i, d_j) + [g(q_i, q_j) <= g_i] e^s(q_i, q_j) + [g(d_i, d_j) <= g_i] e^s(d_i, d_j))
 *     L = 1/N sum_i (log Z_i - s(q_i, d_i))
 */
export function gist({ margin = 0, relative = false }: { readonly margin?: number; readonly relative?: boolean } = {}): PairwiseLoss {
  return pairwiseLoss('gist', {
    params: ['logScale'],
    constants: { margin, relative },
    guide: true,
    between: bothViews,
    positives: counterpart,
    logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
    rows: {
      normaliser: 'counterparts',
      counts: ({ positive, guide, row, col, constants }) => {
        if (row.view === 1 && col.view === 0) return false;
        const reach = constants.relative ? Math.abs(row.positiveGuide) : 1;
        return positive || (row.index !== col.index && guide <= row.positiveGuide - constants.margin * reach);
      },
    },
  });
}

/**
 * InfoNCE in which hard negatives weigh more (Lan et al. 2025, "LLaVE: Large Language and Vision Embedding Models with
 * Hardness-Weighted Contrastive Learning", equation 5): each negative's exponential is multiplied by exp(alpha q_i . k_j), a
 * weight without a gradient.
 *
 *     s_ii = exp(logScale) q_i . k_i,  s_ij = exp(logScale) q_i . k_j + alpha stopGradient(q_i . k_j)
 *     L = 1/N sum_i (log sum_j exp(s_ij) - s_ii)
 */
export function hardnessWeighted({ alpha = 9 }: { readonly alpha?: number } = {}): PairwiseLoss {
  return pairwiseLoss('hardnessWeighted', {
    params: ['logScale'],
    constants: { alpha },
    logit: ({ dot, positive, params, constants }) => Math.exp(params.logScale) * dot + (positive ? 0 : constants.alpha * stopGradient(dot)),
    rows: softmax(),
  });
}

/**
 * CLIP with logits capped smoothly (Gemma Team 2024, "Gemma 2: Improving Open Language Models at a Practical Size", logit
 * soft-capping).
 *
 *     s_ij = cap tanh(exp(logScale) q_i . k_j / cap)
 */
export function softcap({ cap = 30 }: { readonly cap?: number } = {}): PairwiseLoss {
  return pairwiseLoss('softcap', {
    params: ['logScale'],
    constants: { cap },
    logit: ({ dot, params, constants }) => constants.cap * Math.tanh((Math.exp(params.logScale) * dot) / constants.cap),
    rows: softmax({ weight: 0.5 }),
    cols: softmax({ weight: 0.5 }),
  });
}
