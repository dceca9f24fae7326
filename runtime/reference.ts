import { compileEvaluator, type Environment, type Evaluator } from '../dsl/expression/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import { differentiateLoss, pairWeight } from '../codegen/emit/epilogue.js';
import { combine, finalize, identity, lift, type LogSumExp } from '../codegen/reduction/log-sum-exp.js';
import { relatePositives, type PositiveRelation } from './positives.js';
import { pairWeightOf, type Parameters } from './scalars.js';

export interface ReferenceInputs {
  readonly loss: PairwiseLoss;
  readonly params: Parameters;
  readonly dim: number;
  /** Rows as the kernel sees them: already rounded where the precision is bf16 or f16. */
  readonly q: Float32Array | Float64Array;
  readonly k: Float32Array | Float64Array;
  readonly positives?: Int32Array;
}

/** The whole result in fp64. */
export interface ReferenceResult {
  readonly loss: number;
  readonly dQueries: Float64Array;
  readonly dKeys: Float64Array;
  readonly params: Readonly<Record<string, number>>;
  readonly rowLse: Float64Array;
  readonly colLse: Float64Array;
}

/**
 * A loss computed in fp64, straight from its definition and row by row: what kernels are checked against. It shares the
 * expressions with them and nothing else.
 */
export class Reference {
  readonly n: number;
  readonly m: number;
  readonly #inputs: ReferenceInputs;
  readonly #relation: PositiveRelation;
  readonly #derivatives: Evaluators;
  readonly #params: Parameters;
  readonly #q: Float64Array;
  readonly #k: Float64Array;
  #last: { readonly row: number; readonly dots: Float64Array } | undefined;

  constructor(inputs: ReferenceInputs) {
    this.#inputs = inputs;
    this.n = inputs.q.length / inputs.dim;
    this.m = inputs.k.length / inputs.dim;
    this.#relation = relatePositives(inputs.loss, this.n, this.m, inputs.positives);
    this.#derivatives = evaluatorsOf(inputs.loss);
    this.#params = { ...inputs.params, [pairWeight.name]: pairWeightOf(inputs.loss, this.n, this.m) };
    this.#q = Float64Array.from(inputs.q);
    this.#k = Float64Array.from(inputs.k);
  }

  /** Logits of row i against all columns. */
  rowLogits(i: number): Float64Array {
    return this.#rowDots(i).map((dot, j) => this.#derivatives.logit(this.#pair(dot, i, j)));
  }

  /** log sum exp of row i. */
  rowLse(i: number): number {
    return logSumExp(this.rowLogits(i));
  }

  /** dL/dX of row i against all columns, and what the row adds to the pair term and to the parameters' gradients. */
  rowGradient(i: number, rowLse: number, colLse: (j: number) => number): { readonly byDot: Float64Array; readonly scalars: Float64Array } {
    const { loss } = this.#inputs;
    const { logit, logitByDot, logitByParams, pair } = this.#derivatives;
    const { rowWeight, colWeight, rowMatched, colMatched, positiveWeight } = this.#relation;
    const scalars = new Float64Array(1 + loss.params.length);
    const byDot = this.#rowDots(i).map((dot, j) => {
      const s = logit(this.#pair(dot, i, j));
      const at = this.#pair(dot, i, j, s);
      const rows = loss.rows === undefined ? 0 : rowWeight * (rowMatched?.[i] ?? 1) * Math.exp(s - rowLse);
      const cols = loss.cols === undefined ? 0 : colWeight * (colMatched?.[j] ?? 1) * Math.exp(s - colLse(j));
      const softmax = rows + cols - (this.#isPositive(i, j) ? (positiveWeight[i] ?? 0) : 0);
      const gradient = softmax + (pair === undefined ? 0 : pair.byLogit(at));
      add(scalars, 0, pair === undefined ? 0 : pair.value(at));
      logitByParams.forEach((derivative, p) => {
        const direct = pair?.byParams[p];
        add(scalars, p + 1, gradient * derivative(at) + (direct === undefined ? 0 : direct(at)));
      });
      return gradient * logitByDot(at) + (pair === undefined ? 0 : pair.byDot(at));
    });
    return { byDot, scalars };
  }

  /** Gradient of row i of Q: byDot K. */
  queryGradient(byDot: Float64Array): Float64Array {
    const { dim } = this.#inputs;
    const gradient = new Float64Array(dim);
    byDot.forEach((weight, j) => addScaled(gradient, 0, weight, this.#k, j * dim, dim));
    return gradient;
  }

  /** The whole loss and all gradients: 6 N M D flops in fp64. */
  all(): ReferenceResult {
    const { loss, dim } = this.#inputs;
    const [rowLse, colLse] = [new Float64Array(this.n), new Float64Array(this.m)];
    const columns: LogSumExp[] = Array.from({ length: this.m }, () => identity);
    let value = 0;
    for (let i = 0; i < this.n; i += 1) {
      const logits = this.rowLogits(i);
      rowLse[i] = logSumExp(logits);
      logits.forEach((logit, j) => (columns[j] = combine(columns[j] ?? identity, lift(logit))));
      value += this.#rowTerm(i, rowLse[i] ?? 0, logits);
    }
    columns.forEach((state, j) => (colLse[j] = finalize(state)));
    if (loss.cols !== undefined) colLse.forEach((lse, j) => (value += this.#relation.colWeight * (this.#relation.colMatched?.[j] ?? 1) * lse));
    const [dQueries, dKeys] = [new Float64Array(this.n * dim), new Float64Array(this.m * dim)];
    const scalars = new Float64Array(1 + loss.params.length);
    for (let i = 0; i < this.n; i += 1) {
      const row = this.rowGradient(i, rowLse[i] ?? 0, (j) => colLse[j] ?? 0);
      row.scalars.forEach((scalar, s) => add(scalars, s, scalar));
      dQueries.set(this.queryGradient(row.byDot), i * dim);
      row.byDot.forEach((weight, j) => addScaled(dKeys, j * dim, weight, this.#q, i * dim, dim));
    }
    const params = Object.fromEntries(loss.params.map((name, p) => [name, scalars[p + 1] ?? 0]));
    return { loss: value + (scalars[0] ?? 0), dQueries, dKeys, params, rowLse, colLse };
  }

  /** Dot products of row i with every key; the last row's are kept, for whoever asks for its logits and then its gradient. */
  #rowDots(i: number): Float64Array {
    if (this.#last?.row !== i) this.#last = { row: i, dots: dots(this.#q, i, this.#k, this.#inputs.dim) };
    return this.#last.dots;
  }

  #rowTerm(i: number, lse: number, logits: Float64Array): number {
    const { rowWeight, rowMatched, positiveWeight } = this.#relation;
    const positive = this.#positiveOf(i);
    const rows = this.#inputs.loss.rows === undefined ? 0 : rowWeight * (rowMatched?.[i] ?? 1) * lse;
    const softmax = this.#inputs.loss.rows !== undefined || this.#inputs.loss.cols !== undefined;
    return rows - (softmax && positive >= 0 ? (positiveWeight[i] ?? 0) * (logits[positive] ?? 0) : 0);
  }

  #positiveOf(i: number): number {
    return this.#inputs.positives === undefined ? (i < this.m ? i : -1) : (this.#inputs.positives[i] ?? -1);
  }

  #isPositive(i: number, j: number): boolean {
    return this.#positiveOf(i) === j;
  }

  #pair(dot: number, row: number, col: number, logit = NaN): Environment {
    return { dot, logit, positive: this.#isPositive(row, col), row, col, params: this.#params };
  }
}

/** {@link differentiateLoss}, ready to be evaluated for every pair. */
interface Evaluators {
  readonly logit: Evaluator;
  readonly logitByDot: Evaluator;
  readonly logitByParams: readonly Evaluator[];
  readonly pair?: { readonly value: Evaluator; readonly byLogit: Evaluator; readonly byDot: Evaluator; readonly byParams: readonly Evaluator[] };
}

function evaluatorsOf(loss: PairwiseLoss): Evaluators {
  const { logit, logitByDot, logitByParams, pair } = differentiateLoss(loss);
  const common = { logit: compileEvaluator(logit), logitByDot: compileEvaluator(logitByDot), logitByParams: logitByParams.map(compileEvaluator) };
  if (pair === undefined) return common;
  const byParams = pair.byParams.map(compileEvaluator);
  return { ...common, pair: { value: compileEvaluator(pair.value), byLogit: compileEvaluator(pair.byLogit), byDot: compileEvaluator(pair.byDot), byParams } };
}

function logSumExp(logits: Float64Array): number {
  const max = logits.reduce((largest, logit) => Math.max(largest, logit), -Infinity);
  return max === -Infinity ? max : max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
}

/** Dot products of row `index` of `left` with every row of `right`. */
function dots(left: Float64Array, index: number, right: Float64Array, dim: number): Float64Array {
  const products = new Float64Array(right.length / dim);
  const row = left.subarray(index * dim, (index + 1) * dim);
  for (let j = 0, base = 0; j < products.length; j += 1, base += dim) {
    let sum = 0;
    for (let d = 0; d < dim; d += 1) sum += (row[d] ?? 0) * (right[base + d] ?? 0);
    products[j] = sum;
  }
  return products;
}

function addScaled(target: Float64Array, at: number, weight: number, source: Float64Array, from: number, count: number): void {
  for (let d = 0; d < count; d += 1) target[at + d] = (target[at + d] ?? 0) + weight * (source[from + d] ?? 0);
}

function add(values: Float64Array, index: number, value: number): void {
  values[index] = (values[index] ?? 0) + value;
}
