import { clip, indexMap, infoNCE, pairwiseLoss, siglip, softmax, softplus, withPositives, type Precision } from '../../runtime/index.js';
import type { Case } from './harness.js';
import { generator } from './rows.js';

const scale = (value: number) => ({ logScale: Math.log(value) });

export const depths = [1, 7, 64, 100, 512, 769, 1152] as const;

/** Shapes around every edge: one row, tails of tiles and of chunks, M != N. */
const squares = [1, 2, 5, 31, 129, 200];

/** Every preset on every depth, at CLIP's largest scale and at small ones. */
export function presetCases(precision: Precision, dim: number): readonly Case[] {
  // In one dimension unit rows are 1 or -1, every softmax is a tie, and gradients cancel to nothing: norms differ there.
  const common = { precision, dim, ...(dim === 1 ? { norm: (row: number) => 0.3 + 0.7 * ((row * 0.618) % 1) } : {}) };
  return [
    ...squares.map((n): Case => ({ ...common, loss: clip, n, m: n, params: scale(n % 2 === 0 ? 100 : 20) })),
    { ...common, loss: infoNCE, n: 57, m: 190, params: scale(100) },
    { ...common, loss: infoNCE, n: 1, m: 40, params: scale(30) },
    { ...common, loss: siglip, n: 90, m: 170, params: { ...scale(10), bias: -10 } },
    { ...common, loss: siglip, n: 170, m: 33, params: { ...scale(100), bias: -5 } },
  ];
}

/** Larger than a chunk in both directions, at the depths where fp64 in JavaScript takes seconds and not minutes. */
export function largeCases(precision: Precision): readonly Case[] {
  return [
    { loss: clip, precision, n: 4096, m: 4096, dim: 64, params: scale(100) },
    { loss: clip, precision, n: 1000, m: 1000, dim: 512, params: scale(100) },
    { loss: infoNCE, precision, n: 700, m: 3000, dim: 100, params: scale(50) },
  ];
}

/** A map in which several rows share a column and some columns have none. */
export function mapOf(n: number, m: number, seed: number, unmatched = false): Int32Array {
  const random = generator(seed);
  return Int32Array.from({ length: n }, (_, row) => (unmatched && row % 5 === 3 ? -1 : Math.floor(random() * m)));
}

const mappedClip = withPositives(clip, indexMap);
const softcapped = pairwiseLoss('softcapped', {
  params: ['logScale', 'cap'],
  positives: indexMap,
  logit: ({ dot, params }) => params.cap * Math.tanh((Math.exp(params.logScale) * dot) / params.cap),
  rows: softmax({ weight: 0.75, unmatched: 'skip' }),
  cols: softmax({ weight: 0.25, unmatched: 'skip' }),
  pairs: { value: ({ logit, positive, params }) => (positive ? softplus(-logit) : 0.1 * softplus(logit / params.cap)), weight: 0.5, reduction: 'rowMean' },
});
const columnsOnly = pairwiseLoss('columnsOnly', { params: ['logScale'], positives: indexMap, logit: ({ dot, params }) => Math.exp(params.logScale) * dot, cols: softmax({ unmatched: 'skip', reduction: 'sum' }) });

/** Index maps, skipped rows and columns, all three terms at once, a logit that is not linear, parameters in the pair term. */
export function formCases(precision: Precision): readonly Case[] {
  const cyclic = (n: number, m: number) => Int32Array.from({ length: n }, (_, row) => (row * 7) % m);
  return [
    { loss: mappedClip, precision, n: 150, m: 64, dim: 64, params: scale(30), positives: cyclic(150, 64) },
    { loss: softcapped, precision, n: 140, m: 200, dim: 100, params: { ...scale(20), cap: 5 }, positives: mapOf(140, 200, 1, true) },
    { loss: softcapped, precision, n: 300, m: 90, dim: 7, params: { ...scale(20), cap: 8 }, positives: mapOf(300, 90, 2) },
    { loss: columnsOnly, precision, n: 77, m: 130, dim: 64, params: scale(15), positives: mapOf(77, 130, 3, true) },
    { loss: withPositives(infoNCE, indexMap), precision, n: 260, m: 520, dim: 64, params: scale(100), positives: mapOf(260, 520, 4) },
  ];
}

/** Inputs that no fixed offset holds: the running maxima must take over, exactly. */
export function extremeCases(precision: Precision): readonly Case[] {
  return [
    { loss: clip, precision, n: 130, m: 130, dim: 64, params: scale(1e4) },
    { loss: clip, precision, n: 96, m: 96, dim: 64, params: scale(3), norm: (row) => (row % 3 === 0 ? 1e3 : row % 3 === 1 ? 1e-3 : 1) },
    { loss: infoNCE, precision, n: 64, m: 128, dim: 100, params: scale(1000), norm: () => 2 },
  ];
}
