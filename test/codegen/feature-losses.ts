import { counterpart, indexMap, pairwiseLoss, softmax, softplus } from '../../dsl/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Precision } from '../../dsl/problem.js';
import type { ProgramCase } from './losses.js';

/*
 * Losses that between them use every feature of the language: what a target has to compile.
 */

/** Masks on numbers of rows and columns, in integer arithmetic, and a plain tile test that is exact for some tiles. */
const banded = pairwiseLoss('banded', {
  params: ['logScale'],
  constants: { width: 4 },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: {
    counts: ({ row, col, constants }) =>
      row.index === col.index || Math.floor(row.index / constants.width) !== Math.floor(col.index / constants.width) || (row.index * 3 - col.index + 7) % 5 === Math.min(2, col.index),
  },
  cols: { counts: ({ row, col }) => row.index <= Math.max(col.index, 4) || -row.index === col.view },
});

/** Any number of positives by labels, weights of rows and columns, means over positives and over what counts, rows that are left out. */
const supervised = pairwiseLoss('supervised', {
  params: ['logScale', 'bias'],
  constants: { smoothing: 0.1 },
  functions: { scaled: (x: number, t: number) => Math.exp(t) * x },
  attributes: { rows: { label: 'i32', weight: 'f32' }, cols: { label: 'i32', prior: 'f32' } },
  positives: { where: ({ row, col }) => row.label === col.label && row.index !== col.index },
  logit: ({ dot, col, params, functions }) => functions.scaled(dot, params.logScale) - col.prior * params.bias,
  rows: {
    reduction: 'mean',
    unmatched: 'skip',
    counts: ({ row, col }) => row.index !== col.index,
    value: ({ lse, positiveLogit, meanLogit, row, params, constants }) =>
      row.weight * (lse - (1 - constants.smoothing) * positiveLogit - constants.smoothing * meanLogit) + 0.01 * Math.abs(params.bias),
  },
  cols: { unmatched: 'skip', reduction: 'sum', value: ({ lse, positiveLogit, col }) => softplus(lse - positiveLogit) * Math.max(col.label, 1) },
});

/** Both tensors as rows and as columns, each row's positive its counterpart. */
const stacked = pairwiseLoss('stacked', {
  params: ['logScale'],
  between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { counts: ({ row, col }) => !(row.view === col.view && row.index === col.index) },
});

/** One normaliser for a row and its counterpart. */
const shared = pairwiseLoss('shared', {
  params: ['logScale'],
  attributes: { rows: { weight: 'f32' } },
  between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: {
    normaliser: 'counterparts',
    unmatched: 'skip',
    counts: ({ row, col }) => !(row.view === col.view && row.index === col.index) && (row.view === 0 || col.view === 0),
    value: ({ lse, positiveLogit, row }) => row.weight * (lse - positiveLogit),
  },
});

/** Queries against all embeddings. */
const oneSided = pairwiseLoss('oneSided', {
  between: { rows: ['queries'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot }) => 20 * dot,
  rows: { counts: ({ row, col }) => col.view === 1 || row.index !== col.index },
});

/** What is too close to a positive does not count: by its own logit, and by a guide. */
const guided = pairwiseLoss('guided', {
  params: ['logScale'],
  constants: { margin: 0.05 },
  guide: true,
  logit: ({ dot, positive, params, constants }) => Math.exp(params.logScale) * (positive ? dot - constants.margin : dot),
  rows: { counts: ({ guide, positive, row }) => positive || guide <= row.positiveGuide },
  cols: { counts: ({ logit, positive, guide, col }) => positive || (logit < col.positiveLogit + 0.1 && guide <= col.positiveGuide) },
  pairs: { value: ({ guide, logit }) => 0.01 * guide * Math.tanh(logit), reduction: 'pairMean' },
});

/** Positives by an index map, several rows to a column; masks by the positive's logit. */
const mapped = pairwiseLoss('mapped', {
  params: ['logScale', 'focus'],
  attributes: { rows: { group: 'i32' }, cols: { group: 'i32' } },
  positives: indexMap,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: {
    weight: 0.5,
    unmatched: 'skip',
    counts: ({ row, col, logit, positive }) => positive || (row.group !== col.group && logit - row.positiveLogit < 3),
    value: ({ lse, positiveLogit, params }) => Math.exp(params.focus) * softplus(lse - positiveLogit) ** 1.5,
  },
  cols: { weight: 0.5, unmatched: 'skip' },
});

/** A column computed from the row's number; a softmax of columns alone. */
const strided = pairwiseLoss('strided', {
  attributes: { rows: { slot: 'i32' } },
  positives: { column: ({ row }) => row.index * 8 + (row.slot % 8) },
  logit: ({ dot, row, col }) => 10 * dot - 0.1 * Math.abs(row.index - col.index / 8),
  cols: { unmatched: 'skip', value: ({ lse, meanLogit }) => lse - meanLogit },
});

/** Each pair on its own, a positive by a condition; names that are words of C++. */
const pairsByClass = pairwiseLoss('pairsByClass', {
  params: ['logScale', 'bias'],
  attributes: { rows: { class: 'i32', float: 'f32' }, cols: { class: 'i32' } },
  positives: { where: ({ row, col }) => row.class === col.class && row.float > 0 },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias,
  pairs: { value: ({ logit, positive }) => softplus(positive ? -logit : logit), reduction: 'sum' },
});

/** No softmax at all: a hinge on pairs. */
const hinge = pairwiseLoss('hinge', {
  constants: { margin: 0.2 },
  logit: ({ dot }) => dot,
  pairs: { value: ({ logit, positive, row, col, constants }) => (positive ? 1 - logit : row.index < col.index ? Math.max(0, logit - constants.margin) : 0) },
});

/** The sum of exponentials with the default term, left out where nothing counts. */
const sparse = pairwiseLoss('sparse', {
  attributes: { rows: { group: 'i32' }, cols: { group: 'i32' } },
  logit: ({ dot }) => 10 * dot,
  rows: softmax({ weight: 2, reduction: 'sum' }),
  cols: { unmatched: 'skip', counts: ({ row, col, positive }) => !positive && row.group === col.group },
});

/** All of them. */
export const featureLosses: readonly PairwiseLoss[] = [banded, supervised, stacked, shared, oneSided, guided, mapped, strided, pairsByClass, hinge, sparse];

const precisions: readonly Precision[] = ['f32', 'bf16', 'f16'];

/** Each in both modes, with reports in one of them; the precisions take turns. */
export const featureCases: readonly ProgramCase[] = featureLosses.flatMap((loss, i) =>
  (['bounded', 'running'] as const).map((softmax, mode): ProgramCase => ({ loss, softmax, precision: precisions[(i + mode) % 3] ?? 'f32', dim: 100, guideDim: 70, reports: (i + mode) % 2 === 0 })),
);
