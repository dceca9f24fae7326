import { evaluate, interval, type Interval, type IntervalEnvironment } from '../dsl/expression/index.js';
import type { Expression } from '../dsl/expression/nodes.js';
import type { PairTerm, PairwiseLoss } from '../dsl/loss.js';
import type { Program } from '../codegen/compile.js';
import { pairWeight, type TermDerivatives } from '../codegen/emit/derivatives.js';
import type { ScalarName } from '../codegen/plan/plan.js';
import type { Attribute, Attributes } from './attributes.js';
import type { MatrixShape } from './matrix-shape.js';
import type { PositiveRelation } from './positives.js';

export type Parameters = Readonly<Record<string, number>>;
export type Scalars = Readonly<Record<ScalarName, number>>;

/** What bounds the values of every run of a session. */
export interface Extremes {
  readonly shape: MatrixShape;
  readonly environment: Pick<IntervalEnvironment, 'dot' | 'row' | 'col'>;
}

/** Of rows whose norms allow no larger |dot| than `dotBound`. */
export function extremesOf(shape: MatrixShape, dotBound: number, { row, col }: Attributes): Extremes {
  const ranges = (side: readonly Attribute[], count: number) => ({
    ...Object.fromEntries(side.map(({ name, range }) => [name, range])),
    index: { low: 0, high: count - 1 },
    view: { low: 0, high: 1 },
  });
  return { shape, environment: { dot: { low: -dotBound, high: dotBound }, row: ranges(row, shape.n), col: ranges(col, shape.m) } };
}

export const noScalars: Scalars = { offset: 0, rowWeight: 0, colWeight: 0, sumFloor: 0, gradientScale: 1, gradientUnscale: 1 };

export function runScalars(
  program: Program,
  loss: PairwiseLoss,
  params: Parameters,
  extremes: Extremes,
  { rowWeight, colWeight }: PositiveRelation,
  range: { readonly offset: number; readonly sumFloor: number },
): Scalars {
  const gradientScale = program.plan.precision === 'f16' ? halfGradientScale(program, loss, params, extremes, { rows: rowWeight, cols: colWeight }) : 1;
  return { offset: range.offset, sumFloor: range.sumFloor, rowWeight, colWeight, gradientScale, gradientUnscale: 1 / gradientScale };
}

/** Bounds of the logits, from the operators' interval arithmetic. */
export function logitRange(program: Program, loss: PairwiseLoss, params: Parameters, extremes: Extremes): Interval {
  return bounds(program.derivatives.logit, loss, params, extremes);
}

/** Fields of `struct Uniforms`, evaluated in fp64. */
export function uniformsOf(program: Program, loss: PairwiseLoss, params: Parameters, n: number, m: number): Float32Array {
  const values = withPairWeight(loss, params, n, m);
  const fields = program.uniforms.map((expression) => Number(evaluate(expression, { params: values })));
  return Float32Array.from(fields.length === 0 ? [0] : fields);
}

/**
 * The power of two that brings the largest possible |dX| near fp16's largest number: probabilities of 1 / N would otherwise
 * be denormal.
 */
function halfGradientScale(program: Program, loss: PairwiseLoss, params: Parameters, extremes: Extremes, weights: { readonly rows: number; readonly cols: number }): number {
  const largest = (expression: Expression | undefined): number => {
    if (expression === undefined) return 0;
    const { low, high } = bounds(expression, loss, params, extremes);
    return Math.max(Math.abs(low), Math.abs(high));
  };
  const { logitByDot, pair, rows, cols } = program.derivatives;
  const term = (weight: number, derivatives: TermDerivatives | undefined): number =>
    derivatives === undefined ? 0 : Math.abs(weight) * (largest(derivatives.byLse) + largest(derivatives.byPositiveLogit) + largest(derivatives.byMeanLogit));
  const softmax = term(weights.rows, rows) + term(weights.cols, cols);
  const bound = (softmax + largest(pair?.byLogit)) * largest(logitByDot) + largest(pair?.byDot);
  if (!(bound > 0 && Number.isFinite(bound))) return 1;
  return 2 ** Math.max(-60, Math.min(60, Math.floor(Math.log2(2 ** 14 / bound))));
}

function bounds(expression: Expression, loss: PairwiseLoss, params: Parameters, { shape: { n, m }, environment: ofSession }: Extremes): Interval {
  const environment = { ...ofSession, params: withPairWeight(loss, params, n, m) };
  const logit = interval(loss.logit, environment);
  const lse = { low: logit.low, high: logit.high + Math.log(Math.max(n, m)) };
  return interval(expression, { ...environment, logit, lse, positiveLogit: logit, meanLogit: logit });
}

/** The pair term's weight over what it is divided by. */
export function pairWeightOf({ pairs }: PairwiseLoss, n: number, m: number): number {
  if (pairs === undefined) return 0;
  return pairs.weight / divisor(pairs, n, m);
}

function withPairWeight(loss: PairwiseLoss, params: Parameters, n: number, m: number): Parameters {
  return { ...params, [pairWeight.name]: pairWeightOf(loss, n, m) };
}

function divisor({ reduction }: PairTerm, n: number, m: number): number {
  if (reduction === 'rowMean') return n;
  return reduction === 'pairMean' ? n * m : 1;
}
