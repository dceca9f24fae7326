import type { AttributeType, PairwiseLoss } from '../../dsl/loss.js';
import { usesTensor } from '../matrix-shape.js';
import { countOf, evenRankShape, segmentsOf, wholeNumber, type RankShape } from '../ring/rank-shape.js';
import type { ShapedArray } from '../tensor/tensor.js';
import type { Communicator } from '../transport/communicator.js';
import { drawMatrix, type DrawOptions } from './rows.js';

/** Of a matrix that no ranks share. */
const alone = { rank: 0, ranks: 1 };

/** Rows that share an integer attribute. */
const rowsPerLabel = 8;

export interface SyntheticShape {
  readonly n: number;
  readonly m: number;
  readonly dim: number;
}

export interface SyntheticInputs extends SyntheticRows {
  readonly guide?: SyntheticRows;
  readonly positives?: Int32Array;
  readonly rows: SyntheticAttributes;
  readonly cols: SyntheticAttributes;
}

export interface SyntheticRows {
  readonly q: ShapedArray;
  readonly k?: ShapedArray;
}

type SyntheticAttributes = Readonly<Record<string, Float32Array | Int32Array>>;

/**
 * Inputs for timing: unit rows, an index map onto the columns in turn, labels shared by {@link rowsPerLabel} rows, weights
 * of 1, and a guide of other unit rows. Losses that are timed side by side share the rows.
 */
export class Synthetic {
  readonly #shape: SyntheticShape;
  readonly #options: Omit<DrawOptions, 'seed'>;
  readonly #drawn = new Map<string, ShapedArray>();

  constructor(shape: SyntheticShape, options: Omit<DrawOptions, 'seed'>) {
    this.#shape = shape;
    this.#options = options;
  }

  /** Draws the rows that losses need, so that nobody waits for them later. */
  async draw(losses: readonly PairwiseLoss[]): Promise<void> {
    for (const loss of losses) await this.inputsOf(loss);
  }

  /** A rank's part of them: tensors are shared out evenly. */
  async inputsOf(loss: PairwiseLoss, rank: Pick<Communicator, 'rank' | 'ranks'> = alone): Promise<SyntheticInputs> {
    const { n, m } = this.#shape;
    const keys = usesTensor(loss, 'keys');
    const shape = evenRankShape(loss, { queries: n, keys: keys ? m : 0 }, rank);
    const own = shape.tensors[rank.rank] ?? { queries: 0, keys: 0 };
    const queriesOf = async (seed: number) => rowsFrom(await this.#rows(n, seed), shape.firstQuery, own.queries);
    const keysOf = async (seed: number) => rowsFrom(await this.#rows(m, seed), shape.firstKey, own.keys);
    const [row, col] = [numbersOf(loss, shape, 'row'), numbersOf(loss, shape, 'col')];
    return {
      q: await queriesOf(1),
      ...(keys ? { k: await keysOf(2) } : {}),
      ...(loss.guide ? { guide: { q: await queriesOf(3), ...(keys ? { k: await keysOf(4) } : {}) } } : {}),
      ...(loss.positives.kind === 'indexMap' ? { positives: row.map((number) => number % shape.whole.m) } : {}),
      rows: attributes(loss.attributes.rows, row, shape.whole.n),
      cols: attributes(loss.attributes.cols, col, shape.whole.m),
    };
  }

  async #rows(count: number, seed: number): Promise<ShapedArray> {
    const key = `${count} ${seed}`;
    const known = this.#drawn.get(key);
    if (known !== undefined) return known;
    const rows = await drawMatrix(count, this.#shape.dim, { ...this.#options, seed });
    this.#drawn.set(key, rows);
    return rows;
  }
}

function rowsFrom({ data, shape: [, dim = 0], ...rest }: ShapedArray, first: number, count: number): ShapedArray {
  return { ...rest, data: data.subarray(first * dim, (first + count) * dim), shape: [count, dim] };
}

/** In the whole matrix, of the rank's own rows (columns). */
function numbersOf(loss: PairwiseLoss, shape: RankShape, side: 'row' | 'col'): Int32Array {
  const segments = segmentsOf(loss, shape, side, shape.rank);
  return Int32Array.from({ length: countOf(segments) }, (_, own) => wholeNumber(segments, own));
}

function attributes(declared: Readonly<Record<string, AttributeType>>, numbers: Int32Array, total: number): SyntheticAttributes {
  const labels = Math.max(1, Math.floor(total / rowsPerLabel));
  const valuesOf = (type: AttributeType) => (type === 'f32' ? new Float32Array(numbers.length).fill(1) : numbers.map((number) => number % labels));
  return Object.fromEntries(Object.entries(declared).map(([name, type]) => [name, valuesOf(type)]));
}
