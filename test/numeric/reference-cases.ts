import {
  clip,
  counterpart,
  decoupled,
  gist,
  gte,
  indexMap,
  labelSmoothing,
  maskedFalseNegatives,
  ntXent,
  pairwiseLoss,
  sigmoid,
  softmax,
  softplus,
  supCon,
  withPositives,
} from '../../dsl/index.js';
import type { ReferenceInputs } from '../../runtime/reference.js';
import { generator, rows } from './rows.js';

/** What the reference is checked on: together every feature of the form. */
export type ReferenceCase = Omit<ReferenceInputs, 'q' | 'k'> & { readonly q: Float64Array; readonly k: Float64Array };

const dim = 3;

function shaped(n: number, m: number): Pick<ReferenceCase, 'q' | 'k' | 'dim'> {
  return { dim, q: Float64Array.from(rows(n, dim, 3)), k: Float64Array.from(rows(m, dim, 4, (row) => 0.5 + 0.3 * (row % 3))) };
}

function guided(n: number, m: number): Required<Pick<ReferenceCase, 'guide'>> {
  return { guide: { q: rows(n, 2, 5), k: rows(m, 2, 6), dim: 2 } };
}

const labels = (count: number, kinds: number) => Int32Array.from({ length: count }, (_, i) => (i * 5) % kinds);
const weights = (count: number, seed: number) => Float32Array.from({ length: count }, generator(seed));

const everyTerm = pairwiseLoss('everyTerm', {
  params: ['scale', 'bias', 'mix'],
  attributes: { rows: { label: 'i32', weight: 'f32' }, cols: { label: 'i32', price: 'f32' } },
  positives: { where: ({ row, col }) => row.label === col.label },
  logit: ({ dot, positive, row, col, params }) => params.scale * (positive ? 1.1 * dot : dot + 0.1 * col.price) + params.bias * row.weight,
  rows: {
    weight: 0.7,
    unmatched: 'skip',
    counts: ({ row, col }) => (row.index + col.index) % 3 !== 0,
    value: ({ lse, positiveLogit, meanLogit, row, params }) => row.weight * (lse - 0.9 * positiveLogit) + params.mix * lse * meanLogit,
  },
  cols: {
    weight: 1.5,
    reduction: 'sum',
    unmatched: 'skip',
    value: ({ lse, positiveLogit, col, params }) => softplus(lse - positiveLogit) * col.price + params.mix ** 2 * params.bias,
  },
  pairs: { value: ({ logit, dot, positive, row, params }) => (positive ? softplus(-logit) : 0.3 * dot * dot * row.weight + params.bias * logit), reduction: 'pairMean', weight: 2 },
});

const focal = pairwiseLoss('focal', {
  params: ['logScale', 'power'],
  positives: { column: ({ row }) => row.index * 2 - 1 },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { unmatched: 'skip', reduction: 'sum', value: ({ lse, positiveLogit, params }) => (1 - Math.exp(positiveLogit - lse)) ** params.power * (lse - positiveLogit) },
});

const spread = pairwiseLoss('spread', {
  params: ['scale'],
  positives: indexMap,
  logit: ({ dot, params }) => params.scale * dot,
  rows: { value: ({ lse }) => lse },
  cols: { value: ({ lse, meanLogit }) => (lse - meanLogit) ** 2 },
});

const oneFromBoth = pairwiseLoss('oneFromBoth', {
  params: ['scale'],
  between: { rows: ['keys'], cols: ['queries', 'keys'] },
  positives: indexMap,
  logit: ({ dot, row, col, params }) => params.scale * (row.view === col.view ? 0.5 * dot : dot),
  rows: { counts: ({ row, col }) => row.view !== col.view || row.index !== col.index },
  cols: { unmatched: 'skip', value: ({ lse, positiveLogit }) => lse - 2 * positiveLogit },
});

const guidedPairs = pairwiseLoss('guidedPairs', {
  params: ['scale', 'cut'],
  guide: true,
  logit: ({ dot, params }) => Math.tanh(params.scale * dot),
  cols: { unmatched: 'skip', counts: ({ guide, positive, col }) => positive || guide <= col.positiveGuide },
  pairs: { value: ({ logit, guide, params }) => (logit - params.cut * guide) ** 2, reduction: 'sum' },
});

const shared = pairwiseLoss('shared', {
  params: ['scale'],
  attributes: { rows: { weight: 'f32' } },
  between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot, params }) => params.scale * dot,
  rows: { normaliser: 'counterparts', counts: ({ row, col }) => row.index !== col.index, value: ({ lse, positiveLogit, meanLogit, row }) => row.weight * (lse - positiveLogit) ** 2 + 0.1 * lse * meanLogit },
  cols: { normaliser: 'counterparts', weight: 0.5 },
});

const columnMask = pairwiseLoss('columnMask', {
  params: ['scale'],
  positives: indexMap,
  logit: ({ dot, params }) => params.scale * dot,
  rows: { counts: ({ logit, row, positive }) => positive || logit <= row.positiveLogit + 0.5, unmatched: 'skip' },
  cols: { counts: ({ logit, col, row }) => logit <= col.positiveLogit + 0.25 || sigmoid(logit) > 0.5 + 0.01 * row.index, unmatched: 'skip' },
});

const logScale = { logScale: 0.8 };

export const referenceCases: readonly ReferenceCase[] = [
  { loss: clip, params: logScale, ...shaped(5, 5) },
  { loss: withPositives({ ...clip, rows: softmaxed('skip'), cols: softmaxed('skip') }, indexMap), params: logScale, ...shaped(6, 4), positives: Int32Array.of(1, 1, -1, 0, 1, 3) },
  { loss: everyTerm, params: { scale: 2, bias: 0.3, mix: 0.2 }, ...shaped(7, 6), attributes: { rows: { label: labels(7, 4), weight: weights(7, 1) }, cols: { label: labels(6, 5), price: weights(6, 2) } } },
  { loss: focal, params: { logScale: 0.5, power: 1.7 }, ...shaped(4, 5) },
  { loss: spread, params: { scale: 3 }, ...shaped(3, 4), positives: Int32Array.of(-1, -1, -1) },
  { loss: oneFromBoth, params: { scale: 1.5 }, ...shaped(3, 4), positives: Int32Array.of(0, 6, 2, 0) },
  { loss: guidedPairs, params: { scale: 1.2, cut: 0.4 }, ...shaped(4, 3), ...guided(4, 3) },
  { loss: shared, params: { scale: 1.4 }, ...shaped(4, 4), attributes: { rows: { weight: weights(8, 3) } } },
  { loss: columnMask, params: { scale: 2.5 }, ...shaped(6, 5), positives: Int32Array.of(4, 0, 0, 2, -1, 4) },
  { loss: ntXent, params: logScale, ...shaped(4, 4) },
  { loss: decoupled, params: logScale, ...shaped(3, 3) },
  { loss: gte, params: logScale, ...shaped(4, 4) },
  { loss: gist({ margin: 0.1 }), params: logScale, ...shaped(5, 5), ...guided(5, 5) },
  { loss: supCon, params: logScale, ...shaped(7, 0), attributes: { rows: { label: labels(7, 3) }, cols: { label: labels(7, 3) } } },
  { loss: labelSmoothing({ epsilon: 0.2 }), params: logScale, ...shaped(4, 4) },
  { loss: maskedFalseNegatives({ relative: true, margin: 0.3 }), params: logScale, ...shaped(6, 6) },
];

function softmaxed(unmatched: 'skip'): NonNullable<typeof clip.rows> {
  if (clip.rows === undefined) throw new Error('CLIP has a row softmax');
  return { ...clip.rows, ...softmax({ unmatched, weight: 0.75 }) };
}
