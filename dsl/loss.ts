import type { Expression } from './expression/nodes.js';

/**
 * A pairwise loss over Q [N, D] and K [M, D] (algorithms: InfoNCE, CLIP, SigLIP are instances):
 *
 *     L =  rows:  sum_i w_i (R_i - mean over P(i) of s_ij)      R_i = log sum_j exp(s_ij)
 *       +  cols:  sum_j w_j (C_j - mean over P(j) of s_ij)      C_j = log sum_i exp(s_ij)
 *       +  pairs: w sum_ij value(s_ij, positive_ij)
 *
 * with s_ij = logit(q_i . k_j). Any of the three terms may be absent; at least one is there.
 */
export interface PairwiseLoss {
  readonly kind: 'pairwiseLoss';
  readonly name: string;
  /** Names of the learned scalars. */
  readonly params: readonly string[];
  readonly positives: Positives;
  /** A number in `dot`, `positive`, the parameters and the indices. */
  readonly logit: Expression;
  readonly rows?: SoftmaxTerm;
  readonly cols?: SoftmaxTerm;
  readonly pairs?: PairTerm;
}

/**
 * The relation P of positive pairs. `diagonal`: (i, i). `indexMap`: (i, p[i]) with an Int32Array p [N] given at run time;
 * several rows may name one column.
 */
export type Positives = { readonly kind: 'diagonal' } | { readonly kind: 'indexMap' };

export interface SoftmaxTerm {
  readonly kind: 'softmax';
  readonly weight: number;
  readonly reduction: 'mean' | 'sum';
  /** What a row (column) without a positive is: a mistake, or left out of the sum (a mean then counts the others). */
  readonly unmatched: 'refuse' | 'skip';
}

export interface PairTerm {
  readonly kind: 'pairTerm';
  /** A number in `dot`, `logit`, `positive`, the parameters and the indices. */
  readonly value: Expression;
  readonly weight: number;
  /** Divided by N (`rowMean`, SigLIP's convention), by N M (`pairMean`), or not at all. */
  readonly reduction: 'rowMean' | 'pairMean' | 'sum';
}
