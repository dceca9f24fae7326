import type { Evaluator } from '../../dsl/expression/index.js';
import type { Parameters } from '../scalars.js';
import type { PositivePairs } from './positives.js';
import type { Place, Side } from './side.js';

/** A pair as lambdas see it. One object serves all pairs of a walk: a visitor keeps nothing of it. */
export interface Pair {
  dot: number;
  logit: number;
  guide: number;
  positive: boolean;
  row: Place;
  col: Place;
  readonly params: Parameters;
}

export interface PairInputs {
  readonly rows: Side;
  readonly cols: Side;
  readonly dim: number;
  readonly guideDim: number;
  readonly params: Parameters;
  readonly positives: PositivePairs;
  readonly logit: Evaluator;
  readonly round: (value: number) => number;
}

/** All pairs of rows and columns, a row at a time: no more than one row of numbers is kept. */
export class Pairs {
  readonly #inputs: PairInputs;
  #last: { readonly row: number; readonly dots: Float64Array; readonly guides: Float64Array | undefined } | undefined;

  constructor(inputs: PairInputs) {
    this.#inputs = inputs;
    this.#findPositives();
  }

  walk(visit: (row: number, col: number, pair: Pair) => void): void {
    for (let row = 0; row < this.#inputs.rows.count; row += 1) this.walkRow(row, (col, pair) => visit(row, col, pair));
  }

  walkRow(row: number, visit: (col: number, pair: Pair) => void): void {
    const { rows, cols, positives, logit, params } = this.#inputs;
    const { dots, guides } = this.#products(row);
    const pair: Pair = { dot: NaN, logit: NaN, guide: NaN, positive: false, row: rows.places[row] ?? {}, col: {}, params };
    for (let col = 0; col < cols.count; col += 1) {
      pair.dot = dots[col] ?? NaN;
      pair.guide = guides?.[col] ?? NaN;
      pair.positive = positives.holds(row, col);
      pair.col = cols.places[col] ?? {};
      pair.logit = logit(pair);
      visit(col, pair);
    }
  }

  /** What masks read of positives: of a row its own, of a column that of the first row that has it. */
  #findPositives(): void {
    const { rows, cols, positives, logit, params, round, dim, guideDim } = this.#inputs;
    for (const { places } of [rows, cols]) for (const place of places) Object.assign(place, { positiveLogit: Infinity, positiveGuide: Infinity });
    positives.single?.forEach((j, i) => {
      const [row, col] = [rows.places[i], cols.places[j]];
      if (row === undefined || col === undefined) return;
      const dot = round(product(rows.embeddings, i, cols.embeddings, j, dim));
      const guide = rows.guides === undefined || cols.guides === undefined ? NaN : round(product(rows.guides, i, cols.guides, j, guideDim));
      const ofPositive = { positiveLogit: logit({ dot, positive: true, row, col, params }), positiveGuide: guide };
      Object.assign(row, ofPositive);
      if (positives.firstRows?.[j] === i) Object.assign(col, ofPositive);
    });
  }

  /** Of a row with every column. The last row's are kept, for whoever walks it twice. */
  #products(row: number): { readonly dots: Float64Array; readonly guides: Float64Array | undefined } {
    if (this.#last?.row === row) return this.#last;
    const { rows, cols, dim, guideDim, round } = this.#inputs;
    const products = (left: Float64Array, right: Float64Array, depth: number) => {
      const values = new Float64Array(cols.count);
      for (let col = 0; col < cols.count; col += 1) values[col] = round(product(left, row, right, col, depth));
      return values;
    };
    const guided = rows.guides !== undefined && cols.guides !== undefined;
    this.#last = { row, dots: products(rows.embeddings, cols.embeddings, dim), guides: guided ? products(rows.guides, cols.guides, guideDim) : undefined };
    return this.#last;
  }
}

function product(left: Float64Array, row: number, right: Float64Array, col: number, dim: number): number {
  const [a, b] = [row * dim, col * dim];
  let sum = 0;
  for (let d = 0; d < dim; d += 1) sum += (left[a + d] ?? 0) * (right[b + d] ?? 0);
  return sum;
}
