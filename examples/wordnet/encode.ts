import { setImmediate as nextTurn } from 'node:timers/promises';

import { visitNgrams } from './ngrams.js';
import type { Pair } from './pairs.js';
import { sparseProjection } from './projection.js';
import { checkSeed } from './random.js';

export interface EncodeOptions {
  /** D, the length of each vector. */
  readonly dim: number;
  /** Of the random projection: an unsigned 32-bit integer. */
  readonly seed?: number;
  /** Called now and then with the steps done, and at the end with `done === total`. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Row i of `queries` encodes the i-th term and row i of `keys` its gloss: the positives lie on the diagonal. */
export interface EncodedPairs {
  /** [count, dim], row-major, each row of unit norm. */
  readonly queries: Float32Array;
  /** [count, dim], row-major, each row of unit norm. */
  readonly keys: Float32Array;
  readonly count: number;
  readonly dim: number;
}

/** Texts between two turns of the event loop: some milliseconds. */
const batch = 256;

/** The weights' unit is 1 / 256. With whole weights the projection's sums are exact, hence the same on every machine. */
const weightUnits = 256;

/**
 * Terms and glosses as TF-IDF vectors of their character n-grams, projected to `dim` dimensions and normalised. Document
 * frequencies count all terms and glosses given. A text without a letter or digit has no direction and is refused.
 */
export async function encodePairs(pairs: readonly Pair[], options: EncodeOptions): Promise<EncodedPairs> {
  const { dim, seed = 0, onProgress, signal } = options;
  if (!Number.isInteger(dim) || dim < 1) throw new RangeError(`dim must be an integer from 1, not ${dim}`);
  if (pairs.length === 0) throw new RangeError('there are no pairs to encode');
  checkSeed(seed);

  const sides = ['term', 'gloss'] as const;
  // Each text is visited twice, to be counted and to be projected.
  const total = 2 * sides.length * pairs.length;
  let done = 0;
  const inBatches = async (visit: (pair: Pair, index: number) => void): Promise<void> => {
    for (let start = 0; start < pairs.length; start += batch) {
      signal?.throwIfAborted();
      const some = pairs.slice(start, start + batch);
      some.forEach((pair, offset) => visit(pair, start + offset));
      done += some.length;
      onProgress?.(done, total);
      await nextTurn();
    }
    signal?.throwIfAborted();
  };

  const documents = new Map<number, number>();
  for (const side of sides) {
    await inBatches((pair, index) => {
      const features = new Set<number>();
      visitNgrams(pair[side], (feature) => features.add(feature));
      if (features.size === 0) throw new Error(`${describe(pair, index, side)} has no letter or digit to encode`);
      for (const feature of features) documents.set(feature, (documents.get(feature) ?? 0) + 1);
    });
  }
  const weights = inverseFrequencies(documents, sides.length * pairs.length);

  const project = sparseProjection(dim, seed);
  const sum = new Float64Array(dim);
  const encodeSide = async (side: 'term' | 'gloss'): Promise<Float32Array> => {
    const rows = new Float32Array(pairs.length * dim);
    await inBatches((pair, index) => {
      sum.fill(0);
      // Once per occurrence: that is the term frequency.
      visitNgrams(pair[side], (feature) => project(sum, feature, weights.get(feature) ?? 0));
      if (!normalise(sum, rows.subarray(index * dim, (index + 1) * dim)))
        throw new Error(`${describe(pair, index, side)} projects to zero: take another seed, or more than ${dim} dimensions`);
    });
    return rows;
  };
  return { queries: await encodeSide('term'), keys: await encodeSide('gloss'), count: pairs.length, dim };
}

/** Never zero: a feature of every text still counts a little, so that no text loses all of its features. */
function inverseFrequencies(documents: ReadonlyMap<number, number>, texts: number): Map<number, number> {
  const weights = new Map<number, number>();
  for (const [feature, frequency] of documents) {
    const inverse = Math.log((1 + texts) / frequency);
    weights.set(feature, Math.max(1, Math.round(weightUnits * inverse)));
  }
  return weights;
}

/** Writes `sum` at unit length to `row`, or says that it has none. */
function normalise(sum: Float64Array, row: Float32Array): boolean {
  let squares = 0;
  for (const value of sum) squares += value * value;
  if (squares === 0) return false;
  const norm = Math.sqrt(squares);
  sum.forEach((value, index) => {
    row[index] = value / norm;
  });
  return true;
}

function describe(pair: Pair, index: number, side: 'term' | 'gloss'): string {
  return `the ${side} of pair ${index}, ${JSON.stringify(pair[side])},`;
}
