import { setImmediate as otherWork } from 'node:timers/promises';
import type { Precision } from '../../dsl/problem.js';
import { f32ToBf16, f32ToF16, type ShapedArray } from '../tensor/tensor.js';

/** Rows that are drawn number by number. Those beyond are the same rows with their numbers shifted around: as good as others to a product, and made at the speed of a copy. */
const drawnRows = 65_536;

/** Numbers between two looks at what else there is to do. */
const pieceNumbers = 2 ** 24;

/** Rows of length 1 with components drawn evenly from [-1, 1): the same numbers on every machine for one seed. */
export function unitRows(rows: number, dim: number, seed: number): Float32Array {
  const values = new Float32Array(rows * dim);
  new RowSource(dim, seed).fill(values);
  return values;
}

export interface DrawOptions {
  readonly seed: number;
  readonly precision: Precision;
  readonly signal?: AbortSignal;
}

/** Such rows in the precision that is asked for, made piece by piece: the event loop turns, and nothing is kept twice. */
export async function drawMatrix(rows: number, dim: number, { seed, precision, signal }: DrawOptions): Promise<ShapedArray> {
  const matrix = precision === 'f32' ? { data: new Float32Array(rows * dim), shape: [rows, dim] } : { data: new Uint16Array(rows * dim), shape: [rows, dim], precision };
  const { data } = matrix;
  const drawn = Math.min(data.length, drawnRows * dim);
  const pause = async (): Promise<void> => {
    await otherWork();
    signal?.throwIfAborted();
  };

  const source = new RowSource(dim, seed);
  const piece = Math.max(1, Math.floor(pieceNumbers / dim)) * dim;
  for (let start = 0; start < drawn; start += piece) {
    const part = data.subarray(start, Math.min(drawn, start + piece));
    if (part instanceof Float32Array) source.fill(part);
    else fillRounded(source, part, precision);
    await pause();
  }
  const step = shiftStep(dim, seed);
  for (let start = drawn, block = 1; start < data.length; start += drawn, block += 1) {
    shiftRows(data, start, Math.min(drawn, data.length - start), dim, (block * step) % dim);
    await pause();
  }
  return matrix;
}

/** A stream of rows. */
class RowSource {
  readonly #dim: number;
  #state: number;

  constructor(dim: number, seed: number) {
    this.#dim = dim;
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) >>> 0) || 1;
  }

  /** The next rows, as many as there is room for. */
  fill(values: Float32Array): void {
    const dim = this.#dim;
    let state = this.#state;
    for (let base = 0; base < values.length; base += dim) {
      let squares = 0;
      for (let d = base; d < base + dim; d += 1) {
        // xorshift32
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        const value = state / 2 ** 31;
        values[d] = value;
        squares += value * value;
      }
      const norm = Math.sqrt(squares) || 1;
      for (let d = base; d < base + dim; d += 1) values[d] = (values[d] ?? 0) / norm;
    }
    this.#state = state;
  }
}

function fillRounded(source: RowSource, target: Uint16Array, precision: Precision): void {
  const values = new Float32Array(target.length);
  source.fill(values);
  if (precision === 'bf16') f32ToBf16(values, target);
  else f32ToF16(values, target);
}

/** Copies `count` numbers from the front to `start`, each row's numbers moved to the left by `shift`, around its end. */
function shiftRows(data: Float32Array | Uint16Array, start: number, count: number, dim: number, shift: number): void {
  for (let row = 0; row < count; row += dim) {
    data.copyWithin(start + row, row + shift, row + dim);
    data.copyWithin(start + row + dim - shift, row, row + shift);
  }
}

/**
 * The number of `seed` in the row of those that have no divisor in common with `dim`: shifts repeat as late as can be, and two
 * matrices are not shifted in step.
 */
function shiftStep(dim: number, seed: number): number {
  let step = 0;
  for (let found = 0; found <= seed; ) {
    step += 1;
    if (greatestCommonDivisor(step, dim) === 1) found += 1;
  }
  return step;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
