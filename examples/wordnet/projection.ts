import { below, draw, mix } from './random.js';

/** Non-zeros per feature. More cost time and retrieve no better: a text has dozens of features to average over. */
const nonZerosPerFeature = 8;

/** Adds `weight` times a feature's row of the projection to `row`. */
export type Project = (row: Float64Array, feature: number, weight: number) => void;

/**
 * A sparse random projection to `dim` dimensions (a sparse Johnson-Lindenstrauss transform): the dimensions form equal
 * blocks and a feature has one +1 or -1 in each, at a place that its hash and the seed determine. No matrix is stored, and
 * a feature's entries cannot cancel each other.
 */
export function sparseProjection(dim: number, seed: number): Project {
  const nonZeros = Math.min(nonZerosPerFeature, dim);
  const starts = Int32Array.from({ length: nonZeros + 1 }, (_, block) => Math.floor((block * dim) / nonZeros));
  const streams = Int32Array.from({ length: nonZeros }, (_, block) => draw(seed, block));
  return (row, feature, weight) => {
    for (let block = 0; block < nonZeros; block++) {
      const bits = mix(feature ^ (streams[block] ?? 0));
      const start = starts[block] ?? 0;
      // The sign is the lowest bit; the place comes from the highest ones.
      const place = start + below((starts[block + 1] ?? 0) - start, bits);
      row[place] = (row[place] ?? 0) + (bits & 1 ? weight : -weight);
    }
  };
}
