import type { Expression } from './expression/nodes.js';

/**
 * A pairwise loss over rows (queries) and columns (keys), each an embedding of D numbers:
 *
 *     L =  rows:  sum_i w value(R_i, P_i, S_i)      R_i = log sum over A(i) of exp(s_ij)
 *       +  cols:  sum_j w value(R_j, P_j, S_j)      the same down the columns
 *       +  pairs: w sum_ij value(s_ij)
 *
 * with s_ij = logit(q_i . k_j), P_i the mean of s_ij over the positives P(i), and S_i the mean over A(i), the columns that
 * count. Any of the three terms may be absent; at least one is there.
 */
export interface PairwiseLoss {
  readonly kind: 'pairwiseLoss';
  readonly name: string;
  /** Names of the learned scalars. */
  readonly params: readonly string[];
  /** Arrays given at run time: one number for each row, and for each column. */
  readonly attributes: { readonly rows: AttributeTypes; readonly cols: AttributeTypes };
  /** Which tensors the rows and the columns are: one of the two, or both, queries first. */
  readonly between: { readonly rows: readonly Tensor[]; readonly cols: readonly Tensor[] };
  /** Whether a second pair of inputs guides the masks. */
  readonly guide: boolean;
  readonly positives: Positives;
  /** A number in `dot`, `positive`, the parameters and the attributes. */
  readonly logit: Expression;
  readonly rows?: SoftmaxTerm;
  readonly cols?: SoftmaxTerm;
  readonly pairs?: PairTerm;
}

export type Tensor = 'queries' | 'keys';

/** `i32`: an Int32Array, exact. `f32`: a Float32Array. */
export type AttributeType = 'i32' | 'f32';
export type AttributeTypes = Readonly<Record<string, AttributeType>>;

/**
 * The relation P of positive pairs.
 * `diagonal`: (i, i). `indexMap`: (i, p[i]) with an Int32Array p given at run time; several rows may name one column.
 * `column`: (i, value of an integer expression in the row), none where that is no column. `counterpart`: the column that is
 * the same number of the other tensor. `where`: all pairs for which a condition on row and column holds.
 */
export type Positives =
  | { readonly kind: 'diagonal' }
  | { readonly kind: 'indexMap' }
  | { readonly kind: 'counterpart' }
  | { readonly kind: 'column'; readonly column: Expression }
  | { readonly kind: 'where'; readonly where: Expression };

export interface SoftmaxTerm {
  readonly kind: 'softmax';
  readonly weight: number;
  readonly reduction: 'mean' | 'sum';
  /**
   * What a row without a positive, or without a column that counts, is: a mistake, or left out of the sum (a mean then counts
   * the others).
   */
  readonly unmatched: 'refuse' | 'skip';
  /** Which columns count for a row; all, when absent. A boolean of the pair. */
  readonly counts?: Expression;
  /** What a row adds to the loss: a number in `lse`, `positiveLogit`, `meanLogit`, the parameters and the row's attributes. */
  readonly value: Expression;
  /** `counterparts`: a row and the row of the same number in the other tensor share one normaliser, the sum of both. */
  readonly normaliser: 'own' | 'counterparts';
}

export interface PairTerm {
  readonly kind: 'pairTerm';
  /** A number in `dot`, `logit`, `positive`, `guide`, the parameters and the attributes. */
  readonly value: Expression;
  readonly weight: number;
  /** Divided by the rows (`rowMean`, SigLIP's convention), by the pairs (`pairMean`), or not at all. */
  readonly reduction: 'rowMean' | 'pairMean' | 'sum';
}
