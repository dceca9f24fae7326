/** The declarations: what to compute, and how to split it. */

export * from './diagnostics/index.js';
export * from './expression/index.js';
export { select, sigmoid, softplus, stopGradient } from './functions.js';
export type { PairTerm, PairwiseLoss, Positives, SoftmaxTerm } from './loss.js';
export * from './losses.js';
export {
  diagonal,
  indexMap,
  pairTerm,
  pairwiseLoss,
  softmax,
  withPositives,
  type ConstantValues,
  type LossDeclaration,
  type Pair,
  type PairTermDeclaration,
  type ScoredPair,
} from './pairwise-loss.js';
export type { Precision } from './problem.js';
export { levelNames, tiling, TilingBuilder } from './tiling-builder.js';
export * from './tilings.js';
export type * from './tiling.js';
