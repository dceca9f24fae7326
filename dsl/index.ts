/** The declarations: what to compute, and how to split it. */

export * from './diagnostics/index.js';
export * from './expression/index.js';
export { floorDivide, select, sigmoid, softplus, stopGradient } from './functions.js';
export type * from './declaration.js';
export { oneOf, range, type Choice, type KnobValue, type Stride } from './choice.js';
export { declaredAttributes } from './attributes.js';
export type { AttributeType, AttributeTypes, PairTerm, PairwiseLoss, Positives, SoftmaxTerm, Tensor } from './loss.js';
export * from './losses.js';
export { matryoshka, type MatryoshkaLoss, type Prefix } from './matryoshka.js';
export { counterpart, diagonal, indexMap, pairTerm, pairwiseLoss, softmax, withPositives } from './pairwise-loss.js';
export type { Precision } from './problem.js';
export { tiling, TilingBuilder } from './tiling-builder.js';
export { levelNames, passNames } from './tiling-checks.js';
export * from './tilings.js';
export type * from './tiling.js';
