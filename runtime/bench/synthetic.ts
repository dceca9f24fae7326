import type { AttributeType, PairwiseLoss } from '../../dsl/loss.js';
import type { RunInputs } from '../inputs.js';
import { matrixShape, usesTensor } from '../matrix-shape.js';
import type { ShapedArray } from '../tensor/tensor.js';
import { drawMatrix, type DrawOptions } from './rows.js';

/** Rows that share an integer attribute. */
const rowsPerLabel = 8;

export interface SyntheticShape {
  readonly n: number;
  readonly m: number;
  readonly dim: number;
}

export type SyntheticInputs = Omit<RunInputs, 'q' | 'k'> & { readonly q: ShapedArray; readonly k?: ShapedArray };

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

  async inputsOf(loss: PairwiseLoss): Promise<SyntheticInputs> {
    const { n, m } = this.#shape;
    const keys = usesTensor(loss, 'keys');
    const shape = matrixShape(loss, { queries: n, keys: keys ? m : 0 });
    return {
      q: await this.#rows(n, 1),
      ...(keys ? { k: await this.#rows(m, 2) } : {}),
      ...(loss.guide ? { guide: { q: await this.#rows(n, 3), ...(keys ? { k: await this.#rows(m, 4) } : {}) } } : {}),
      ...(loss.positives.kind === 'indexMap' ? { positives: Int32Array.from({ length: shape.n }, (_, row) => row % shape.m) } : {}),
      rows: attributes(loss.attributes.rows, shape.n),
      cols: attributes(loss.attributes.cols, shape.m),
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

function attributes(declared: Readonly<Record<string, AttributeType>>, count: number): Readonly<Record<string, Float32Array | Int32Array>> {
  return Object.fromEntries(Object.entries(declared).map(([name, type]) => [name, type === 'f32' ? new Float32Array(count).fill(1) : labels(count)]));
}

function labels(count: number): Int32Array {
  const distinct = Math.max(1, Math.floor(count / rowsPerLabel));
  return Int32Array.from({ length: count }, (_, row) => row % distinct);
}
