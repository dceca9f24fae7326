import type { Precision } from '../../dsl/problem.js';
import { unshared } from '../plan/bind.js';
import { evaluateExtent, type Shape } from '../plan/extent.js';
import { elementBytes, type Plan, type RingWalk } from '../plan/plan.js';
import type { Pass } from './schedule.js';

/** Bytes that one key row takes of the messages of a pass. */
export interface RowBytes {
  /** Of its key, and of what travels with it. */
  readonly keys: number;
  /** Of the sums of its column. */
  readonly sums: number;
}

/** How deep embeddings are, and how they are stored. */
export interface Embeddings {
  /** Depth D: the length of an embedding. */
  readonly dim: number;
  readonly precision: Precision;
}

/** What both passes of a loss cost: depth D for its tiles, row bytes for its messages. */
export interface PassCosts {
  readonly dim: number;
  readonly rowBytes: Readonly<Record<Pass, RowBytes>>;
}

/**
 * A softmax of rows and one of columns, as CLIP's: forward a key and two fp32 sums, backward the key with its column's finished scale
 * and pull, and its gradient in fp32.
 */
export function softmaxCosts({ dim, precision }: Embeddings): PassCosts {
  const key = dim * (precision === 'f32' ? 4 : 2);
  return { dim, rowBytes: { forward: { keys: key, sums: 8 }, backward: { keys: key + 8, sums: 4 * dim } } };
}

/** A walk of a plan: exactly what its ranks send, for the buffers that travel grow with the columns. */
export function rowBytesOf({ buffers }: Pick<Plan, 'buffers'>, { keys, sums }: Pick<RingWalk, 'keys' | 'sums'>): RowBytes {
  const total = (names: readonly string[]): number =>
    buffers.filter(({ name }) => names.includes(name)).reduce((bytes, { element, count }) => bytes + elementBytes[element] * evaluateExtent(count, oneColumn), 0);
  return { keys: total(keys), sums: total(sums) };
}

const oneColumn: Shape = { ...unshared, n: 1, m: 1, chunkRows: 1, chunkCols: 1, rows: 1, cols: 1, workers: 1 };

/** What a key row takes from one rank to the next: the key itself and its sums, without {@link finishedSumBytes}. */
export function hopBytesPerRow({ rowBytes }: PassCosts, pass: Pass): number {
  return rowBytes.forward.keys + rowBytes[pass].sums;
}

/** Sums of its column that a key brings in the backward pass beside all that it brought forward. */
export function finishedSumBytes({ rowBytes: { forward, backward } }: PassCosts): number {
  return backward.keys - forward.keys;
}
