import fc from 'fast-check';
import type { AttributeTypes, PairwiseLoss, Tensor } from '../../dsl/loss.js';
import { generator } from '../numeric/rows.js';
import { dotRange, paramRange } from './losses.js';
import { largestIndex, largestLabel } from './pair-expressions.js';

/** A random run of a random loss: shapes, and the seed of everything else. */
export interface Draw {
  readonly n: number;
  readonly m: number;
  readonly seed: number;
}

/** What kernels and the reference are given. */
export interface DrawnInputs {
  readonly q: Float32Array;
  /** Absent where the loss has no rows or columns of it. */
  readonly k?: Float32Array;
  readonly params: Readonly<Record<string, number>>;
  readonly positives?: Int32Array;
  readonly rows: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly cols: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly guide?: { readonly q: Float32Array; readonly k?: Float32Array };
}

const sizes = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(1, 2, 3, 7, 16, 17, 31) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 24 }) },
  { weight: 4, arbitrary: fc.integer({ min: 33, max: 90 }) },
  { weight: 1, arbitrary: fc.integer({ min: 91, max: (largestIndex + 1) / 2 }) },
);

export function draws({ positives, rows, cols, between }: PairwiseLoss): fc.Arbitrary<Draw> {
  const pairs = positives.kind === 'counterpart' || rows?.normaliser === 'counterparts' || cols?.normaliser === 'counterparts';
  const one = between.rows.length === 1 && between.cols.length === 1 && between.rows[0] === between.cols[0];
  return fc.record({ n: sizes, m: sizes, seed: fc.integer({ min: 1, max: 2 ** 30 }) }).map(({ n, m, seed }) => ({ n, m: pairs || one ? n : m, seed }));
}

export function drawInputs({ positives, between, attributes, guide }: PairwiseLoss, dims: { readonly dim: number; readonly guideDim: number }, { n, m, seed }: Draw): DrawnInputs {
  const random = generator(seed);
  const within = ({ low, high }: { low: number; high: number }) => Math.fround(low + (high - low) * random());
  const uses = (tensor: Tensor) => [...between.rows, ...between.cols].includes(tensor);
  const counts = { queries: n, keys: m };
  const countOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, tensor) => sum + counts[tensor], 0);
  const [rows, cols] = [countOf(between.rows), countOf(between.cols)];
  const arrays = (types: AttributeTypes, count: number) =>
    Object.fromEntries(
      Object.entries(types).map(([name, type]) => [
        name,
        type === 'i32' ? Int32Array.from({ length: count }, () => Math.round(within({ low: -largestLabel, high: largestLabel }))) : Float32Array.from({ length: count }, random),
      ]),
    );
  const embeddings = (dim: number) => ({ q: vectors(n, dim, random), ...(uses('keys') ? { k: vectors(m, dim, random) } : {}) });
  return {
    ...embeddings(dims.dim),
    params: { a: within(paramRange), b: within(paramRange) },
    ...(positives.kind === 'indexMap' ? { positives: Int32Array.from({ length: rows }, () => (random() < 0.15 ? -1 : Math.floor(random() * cols))) } : {}),
    rows: arrays(attributes.rows, rows),
    cols: arrays(attributes.cols, cols),
    ...(guide ? { guide: embeddings(dims.guideDim) } : {}),
  };
}

/** Rows in random directions, of norms up to what keeps inner products in range. */
function vectors(count: number, dim: number, random: () => number): Float32Array {
  const longest = 0.999 * Math.sqrt(dotRange.high);
  const values = Float32Array.from({ length: count * dim }, () => random() + random() + random() - 1.5);
  for (let row = 0; row < count; row += 1) {
    const vector = values.subarray(row * dim, (row + 1) * dim);
    const scale = (longest * (0.3 + 0.7 * random())) / Math.hypot(...vector);
    vector.forEach((value, d) => (vector[d] = value * scale));
  }
  return values;
}
