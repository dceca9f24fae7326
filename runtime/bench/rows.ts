import type { Precision } from '../../dsl/problem.js';
import { f32ToBf16, f32ToF16, type ShapedArray } from '../tensor/tensor.js';

/** Rows of length 1 with components drawn evenly from [-1, 1): the same numbers on every machine for one seed. */
export function unitRows(rows: number, dim: number, seed: number): Float32Array {
  const values = new Float32Array(rows * dim);
  let state = (Math.imul(seed + 1, 0x9e3779b1) >>> 0) || 1;
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
  return values;
}

/** A matrix in the precision that is asked for. */
export function inPrecision(data: Float32Array, shape: readonly [number, number], precision: Precision): ShapedArray {
  if (precision === 'f32') return { data, shape };
  return { data: precision === 'bf16' ? f32ToBf16(data) : f32ToF16(data), shape, precision };
}
