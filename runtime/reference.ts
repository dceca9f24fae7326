import type { PairwiseLoss } from '../dsl/loss.js';
import { fp64, type Arithmetic } from './reference/arithmetic.js';
import { evaluatorsOf, type Evaluators } from './reference/evaluators.js';
import { Pairs, type Pair } from './reference/pairs.js';
import { relatePairs, type PositivePairs } from './reference/positives.js';
import { addToTensors, makeSide, type AttributeValues, type Side } from './reference/side.js';
import { increase, Sums } from './reference/sums.js';
import { noPull, settleTerm, type Pull, type SettledTerm } from './reference/terms.js';
import type { Parameters } from './scalars.js';

export interface ReferenceInputs {
  readonly loss: PairwiseLoss;
  readonly params: Parameters;
  readonly dim: number;
  /** Rows as the kernel sees them: already rounded where the precision is bf16 or f16. */
  readonly q: Float32Array | Float64Array;
  /** Absent for a loss between queries alone. */
  readonly k?: Float32Array | Float64Array;
  /** The column of each row's positive, -1 for none. */
  readonly positives?: Int32Array;
  /** One number a row, one number a column, by the attribute's name. */
  readonly attributes?: { readonly rows?: AttributeValues; readonly cols?: AttributeValues };
  readonly guide?: { readonly q: Float32Array | Float64Array; readonly k?: Float32Array | Float64Array; readonly dim: number };
  /** fp64, unless said. */
  readonly arithmetic?: Arithmetic;
}

/** The whole result in fp64. */
export interface ReferenceResult {
  readonly loss: number;
  /** Of the tensors q and k: what their rows take as rows, and what they take as columns. */
  readonly dQueries: Float64Array;
  readonly dKeys: Float64Array;
  readonly params: Readonly<Record<string, number>>;
  /** log sum exp of what counts; -Infinity where nothing does. */
  readonly rowLse: Float64Array;
  readonly colLse: Float64Array;
  /** What each row and each column adds to its term, unweighted: NaN for one left out. Absent where the loss has no such term. */
  readonly rowValues?: Float64Array;
  readonly colValues?: Float64Array;
  /** The pair term of each row and of each column, added up and unweighted. */
  readonly rowPairs?: Float64Array;
  readonly colPairs?: Float64Array;
  /** How many logits that count exceed the positive's; NaN without a positive. Absent where a row may have many. */
  readonly rowRanks?: Float64Array;
  readonly colRanks?: Float64Array;
}

/**
 * A loss computed in fp64, straight from its definition and row by row: what kernels are checked against. It shares the
 * expressions with them and nothing else.
 */
export class Reference {
  readonly n: number;
  readonly m: number;
  readonly #inputs: ReferenceInputs;
  readonly #arithmetic: Arithmetic;
  readonly #evaluators: Evaluators;
  readonly #positives: PositivePairs;
  readonly #rows: Side;
  readonly #cols: Side;
  readonly #pairs: Pairs;

  constructor(inputs: ReferenceInputs) {
    const { loss, params, dim, guide, attributes, positives, arithmetic = fp64 } = inputs;
    const given = { queries: Float64Array.from(inputs.q), keys: Float64Array.from(inputs.k ?? []), dim };
    const guides = guide === undefined ? undefined : { queries: Float64Array.from(guide.q), keys: Float64Array.from(guide.k ?? []), dim: guide.dim };
    const { evaluator, round } = arithmetic;
    this.#inputs = inputs;
    this.#arithmetic = arithmetic;
    this.#evaluators = evaluatorsOf(loss, arithmetic);
    const [rows, cols] = [makeSide(loss.between.rows, given, attributes?.rows ?? {}, guides), makeSide(loss.between.cols, given, attributes?.cols ?? {}, guides)];
    this.#positives = relatePairs({ loss, rows, cols, params, evaluator, ...(positives === undefined ? {} : { map: positives }) });
    this.#pairs = new Pairs({ rows, cols, dim, guideDim: guide?.dim ?? 0, params, positives: this.#positives, logit: this.#evaluators.logit, round });
    [this.#rows, this.#cols, this.n, this.m] = [rows, cols, rows.count, cols.count];
  }

  /** Logits of row i against all columns. */
  rowLogits(i: number): Float64Array {
    const logits = new Float64Array(this.m);
    this.#pairs.walkRow(i, (j, { logit }) => (logits[j] = logit));
    return logits;
  }

  /** log sum exp of row i, over what counts. */
  rowLse(i: number): number {
    const sums = new Sums(1);
    this.#pairs.walkRow(i, (_, pair) => sums.add(0, pair.logit, this.#counts('rows', pair), false, Infinity));
    return sums.lse(0);
  }

  /**
   * dL/dX of row i against all columns, given log sum exp of the row and of every column: for a sample of a loss too large to
   * be computed whole. Only where what each row and column takes follows from those: the usual terms `lse - positiveLogit`
   * without masks, and one positive a row.
   */
  rowGradient(i: number, rowLse: number, colLse: (j: number) => number): { readonly byDot: Float64Array; readonly scalars: Float64Array } {
    const { rows, cols } = this.#usualPulls();
    const col = (j: number): Pull => ({ ...cols(j), lse: colLse(j) });
    return this.#gradientOfRow(i, { ...rows(i), lse: rowLse }, col);
  }

  /** Gradient of row i, as a row: byDot times the columns. */
  queryGradient(byDot: Float64Array): Float64Array {
    const { dim } = this.#inputs;
    const gradient = new Float64Array(dim);
    byDot.forEach((weight, j) => addScaled(gradient, 0, weight, this.#cols.embeddings, j * dim, dim));
    return gradient;
  }

  /**
   * The whole loss and all gradients: 8 N M D flops in fp64.
   *
   * @throws {InfinitileError} when a term refuses a row.
   */
  all(): ReferenceResult {
    const { loss, dim, q, k } = this.#inputs;
    const { rowSums, colSums, rowPairs, colPairs } = this.#walkSums();
    const [rows, cols] = [this.#settle('rows', rowSums), this.#settle('cols', colSums)];
    const scalars = new Float64Array(loss.params.length);
    for (const term of [rows, cols]) term?.params.forEach((value, p) => increase(scalars, p, value));
    const [dRows, dCols] = [new Float64Array(this.n * dim), new Float64Array(this.m * dim)];
    for (let i = 0; i < this.n; i += 1) {
      const row = this.#gradientOfRow(i, rows?.pulls[i] ?? noPull, (j) => cols?.pulls[j] ?? noPull);
      row.scalars.forEach((value, p) => increase(scalars, p, value));
      dRows.set(this.queryGradient(row.byDot), i * dim);
      row.byDot.forEach((weight, j) => addScaled(dCols, j * dim, weight, this.#rows.embeddings, i * dim, dim));
    }
    const gradients = { queries: new Float64Array(q.length), keys: new Float64Array(k?.length ?? 0) };
    addToTensors(loss.between.rows, dRows, gradients);
    addToTensors(loss.between.cols, dCols, gradients);
    return {
      loss: (rows?.loss ?? 0) + (cols?.loss ?? 0) + this.#pairWeight() * rowPairs.reduce((sum, value) => sum + value, 0),
      dQueries: gradients.queries,
      dKeys: gradients.keys,
      params: Object.fromEntries(loss.params.map((name, p) => [name, scalars[p] ?? 0])),
      rowLse: rows?.lse ?? Float64Array.from({ length: this.n }, (_, i) => rowSums.lse(i)),
      colLse: cols?.lse ?? Float64Array.from({ length: this.m }, (_, j) => colSums.lse(j)),
      ...(rows === undefined ? {} : { rowValues: rows.values }),
      ...(cols === undefined ? {} : { colValues: cols.values }),
      ...(loss.pairs === undefined ? {} : { rowPairs, colPairs }),
      ...(this.#positives.single === undefined ? {} : { rowRanks: ranksOf(rowSums), colRanks: ranksOf(colSums) }),
    };
  }

  #walkSums(): { readonly rowSums: Sums; readonly colSums: Sums; readonly rowPairs: Float64Array; readonly colPairs: Float64Array } {
    const { pair: pairTerm } = this.#evaluators;
    const [rowSums, colSums] = [new Sums(this.n), new Sums(this.m)];
    const [rowPairs, colPairs] = [new Float64Array(this.n), new Float64Array(this.m)];
    this.#pairs.walk((i, j, pair) => {
      const { logit, positive, row, col } = pair;
      rowSums.add(i, logit, this.#counts('rows', pair), positive, row['positiveLogit'] ?? NaN);
      colSums.add(j, logit, this.#counts('cols', pair), positive, col['positiveLogit'] ?? NaN);
      if (pairTerm === undefined) return;
      const value = pairTerm.value(pair);
      increase(rowPairs, i, value);
      increase(colPairs, j, value);
    });
    return { rowSums, colSums, rowPairs, colPairs };
  }

  #settle(field: 'rows' | 'cols', sums: Sums): SettledTerm | undefined {
    const [term, evaluators] = [this.#inputs.loss[field], this.#evaluators[field]];
    if (term === undefined || evaluators === undefined) return undefined;
    const [what, side] = field === 'rows' ? (['row', this.#rows] as const) : (['col', this.#cols] as const);
    return settleTerm({ what, term, evaluators, side, sums, params: this.#inputs.params, round: this.#arithmetic.round });
  }

  /** dL/dX of a row against all columns, and what its pairs add to the parameters' gradients. */
  #gradientOfRow(i: number, row: Pull, colOf: (j: number) => Pull): { readonly byDot: Float64Array; readonly scalars: Float64Array } {
    const { loss } = this.#inputs;
    const { round } = this.#arithmetic;
    const { logitByDot, logitByParams, pair: pairTerm } = this.#evaluators;
    const weight = this.#pairWeight();
    const scalars = new Float64Array(loss.params.length);
    const byDot = new Float64Array(this.m);
    this.#pairs.walkRow(i, (j, pair) => {
      const rows = pullOf(row, pair, this.#counts('rows', pair), round);
      const cols = pullOf(colOf(j), pair, this.#counts('cols', pair), round);
      const gradient = round(rows + cols + (pairTerm === undefined ? 0 : weight * pairTerm.byLogit(pair)));
      logitByParams.forEach((derivative, p) => {
        increase(scalars, p, round(gradient * derivative(pair)) + weight * (pairTerm?.byParams[p]?.(pair) ?? 0));
      });
      byDot[j] = round(gradient * logitByDot(pair)) + (pairTerm === undefined ? 0 : weight * pairTerm.byDot(pair));
    });
    return { byDot, scalars };
  }

  /** Of the usual terms: what each row and column takes does not depend on its logits. */
  #usualPulls(): { readonly rows: (i: number) => Pull; readonly cols: (j: number) => Pull } {
    const { single } = this.#positives;
    if (single === undefined) throw new Error('where rows may have many positives, the loss is computed whole');
    const counts = { rows: new Float64Array(this.n), cols: new Float64Array(this.m) };
    single.forEach((j, i) => {
      if (j < 0) return;
      increase(counts.rows, i, 1);
      increase(counts.cols, j, 1);
    });
    const pulls = (field: 'rows' | 'cols') => {
      const term = this.#inputs.loss[field];
      if (term === undefined) return () => noPull;
      const [byLse, byPositive] = this.#usualDerivatives(field);
      const matched = counts[field].filter((count) => count > 0).length;
      const weight = term.reduction === 'mean' ? term.weight / Math.max(matched, 1) : term.weight;
      return (at: number): Pull => {
        const count = counts[field][at] ?? 0;
        return count === 0 ? noPull : { lse: NaN, byLse: weight * byLse, byMean: 0, byPositive: (weight * byPositive) / count };
      };
    };
    return { rows: pulls('rows'), cols: pulls('cols') };
  }

  #usualDerivatives(field: 'rows' | 'cols'): readonly [number, number] {
    const evaluators = this.#evaluators[field];
    const [byLse, byPositive, byMean] = [evaluators?.byLse({}) ?? NaN, evaluators?.byPositiveLogit({}) ?? NaN, evaluators?.byMeanLogit({}) ?? NaN];
    const usual = evaluators?.counts === undefined && this.#inputs.loss[field]?.normaliser === 'own' && !Number.isNaN(byLse + byPositive) && byMean === 0;
    if (!usual) throw new Error(`the ${field} of '${this.#inputs.loss.name}' are no plain softmax: the loss is computed whole`);
    return [byLse, byPositive];
  }

  #counts(field: 'rows' | 'cols', pair: Pair): boolean {
    return (this.#evaluators[field]?.counts?.(pair) ?? 1) === 1;
  }

  #pairWeight(): number {
    const { pairs } = this.#inputs.loss;
    if (pairs === undefined) return 0;
    if (pairs.reduction === 'sum') return pairs.weight;
    return pairs.weight / (pairs.reduction === 'rowMean' ? this.n : this.n * this.m);
  }
}

function pullOf({ lse, byLse, byMean, byPositive }: Pull, { logit, positive }: Pair, counts: boolean, round: (value: number) => number): number {
  return (counts ? round(byLse * Math.exp(logit - lse)) + round(byMean) : 0) + (positive ? round(byPositive) : 0);
}

function ranksOf({ ranks, positiveCounts }: Sums): Float64Array {
  return ranks.map((rank, at) => (positiveCounts[at] === 0 ? NaN : rank));
}

function addScaled(target: Float64Array, at: number, weight: number, source: Float64Array, from: number, count: number): void {
  for (let d = 0; d < count; d += 1) target[at + d] = (target[at + d] ?? 0) + weight * (source[from + d] ?? 0);
}
