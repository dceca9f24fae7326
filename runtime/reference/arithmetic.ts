import { compileEvaluator, type Evaluator, type Expression } from '../../dsl/expression/index.js';

/** How numbers are computed. fp64 as it is, unless a test puts rounding in, to see what a loss makes of it. */
export interface Arithmetic {
  readonly evaluator: (expression: Expression) => Evaluator;
  /** What becomes of every number outside of expressions: an inner product, a sum, a product. */
  readonly round: (value: number) => number;
}

export const fp64: Arithmetic = { evaluator: compileEvaluator, round: (value) => value };
