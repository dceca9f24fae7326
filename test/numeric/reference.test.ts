import test from 'ava';
import { clip, decoupled, gte, hardnessWeighted, InfinitileError, labelSmoothing, ntXent, supCon } from '../../dsl/index.js';
import { Reference } from '../../runtime/reference.js';
import { referenceCases, type ReferenceCase } from './reference-cases.js';
import { rows } from './rows.js';

for (const given of referenceCases) {
  test(`gradients of the reference are its loss's differences: ${given.loss.name}, ${given.loss.positives.kind}`, (t) => {
    const { dQueries, dKeys, params } = new Reference(given).all();
    const loss = (changed: Partial<ReferenceCase>) => new Reference({ ...given, ...changed }).all().loss;
    const agrees = (what: string, gradient: number, at: (step: number) => Partial<ReferenceCase>) => {
      const step = 1e-5;
      const difference = (loss(at(step)) - loss(at(-step))) / (2 * step);
      t.true(Math.abs(difference - gradient) <= 1e-7 * Math.max(1, Math.abs(gradient)), `${what}: ${gradient}, by differences ${difference}`);
    };
    dQueries.forEach((gradient, e) => agrees(`dQ[${e}]`, gradient, (step) => ({ q: given.q.with(e, (given.q[e] ?? NaN) + step) })));
    dKeys.forEach((gradient, e) => agrees(`dK[${e}]`, gradient, (step) => ({ k: given.k.with(e, (given.k[e] ?? NaN) + step) })));
    for (const [name, gradient] of Object.entries(params)) agrees(`d${name}`, gradient, (step) => ({ params: { ...given.params, [name]: (given.params[name] ?? NaN) + step } }));
  });
}

const dim = 4;
const n = 5;
const q = rows(n, dim, 11);
const k = rows(n, dim, 12);
const scale = 3;
const params = { logScale: Math.log(scale) };
const all = Array.from({ length: n }, (_, i) => i);

function dot(a: Float32Array, i: number, b: Float32Array, j: number): number {
  return Array.from({ length: dim }, (_, d) => (a[i * dim + d] ?? 0) * (b[j * dim + d] ?? 0)).reduce((sum, product) => sum + product);
}

const s = (a: Float32Array, i: number, b: Float32Array, j: number) => scale * dot(a, i, b, j);
const lse = (logits: readonly number[]) => Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const others = (i: number) => all.filter((j) => j !== i);

const labels = Int32Array.of(1, 2, 1, 3, 1);
const dense: readonly [string, ReferenceCase['loss'], number][] = [
  ['clip', clip, 0.5 * mean(all.map((i) => lse(all.map((j) => s(q, i, k, j))) - s(q, i, k, i))) + 0.5 * mean(all.map((j) => lse(all.map((i) => s(q, i, k, j))) - s(q, j, k, j)))],
  [
    'ntXent',
    ntXent,
    mean([...all.map((i) => lse([...all.map((j) => s(q, i, k, j)), ...others(i).map((j) => s(q, i, q, j))]) - s(q, i, k, i)), ...all.map((i) => lse([...all.map((j) => s(k, i, q, j)), ...others(i).map((j) => s(k, i, k, j))]) - s(k, i, q, i))]),
  ],
  [
    'decoupled',
    decoupled,
    mean([...all.map((i) => lse(others(i).flatMap((j) => [s(q, i, k, j), s(q, i, q, j)])) - s(q, i, k, i)), ...all.map((i) => lse(others(i).flatMap((j) => [s(k, i, q, j), s(k, i, k, j)])) - s(k, i, q, i))]),
  ],
  [
    'gte',
    gte,
    mean(all.map((i) => lse([...all.flatMap((j) => [s(q, i, k, j), s(q, j, k, i)]), ...others(i).flatMap((j) => [s(q, i, q, j), s(k, i, k, j)])]) - s(q, i, k, i))),
  ],
  // Labels 2 and 3 occur once: those rows have no positive, and are left out.
  ['supCon', supCon, mean([0, 2, 4].map((i) => lse(others(i).map((j) => s(q, i, q, j))) - mean([0, 2, 4].filter((p) => p !== i).map((p) => s(q, i, q, p)))))],
  [
    'labelSmoothing',
    labelSmoothing({ epsilon: 0.2 }),
    0.5 * mean(all.map((i) => lse(all.map((j) => s(q, i, k, j))) - 0.8 * s(q, i, k, i) - 0.2 * mean(all.map((j) => s(q, i, k, j))))) +
      0.5 * mean(all.map((j) => lse(all.map((i) => s(q, i, k, j))) - 0.8 * s(q, j, k, j) - 0.2 * mean(all.map((i) => s(q, i, k, j))))),
  ],
];

for (const [name, loss, expected] of dense) {
  test(`the reference is ${name} as its formula says`, (t) => {
    const attributes = { rows: { label: labels }, cols: { label: labels } };
    const { loss: value } = new Reference({ loss, params, dim, q, k, attributes }).all();
    t.true(Math.abs(value - expected) < 1e-12, `${value}, by its formula ${expected}`);
  });
}

test('no gradient flows through a hardness weight', (t) => {
  const given = { params, dim, q, k };
  const { dQueries } = new Reference({ ...given, loss: hardnessWeighted({ alpha: 2 }) }).all();
  const logits = (i: number) => all.map((j) => s(q, i, k, j) + (i === j ? 0 : 2 * dot(q, i, k, j)));
  const expected = all.flatMap((i) =>
    Array.from({ length: dim }, (_, d) => (scale / n) * all.reduce((sum, j) => sum + (Math.exp((logits(i)[j] ?? NaN) - lse(logits(i))) - (i === j ? 1 : 0)) * (k[j * dim + d] ?? NaN), 0)),
  );
  expected.forEach((value, e) => t.true(Math.abs((dQueries[e] ?? NaN) - value) < 1e-12));
});

test('ranks are how many logits that count exceed the positive\'s', (t) => {
  const { rowRanks, colRanks } = new Reference({ loss: clip, params, dim, q, k }).all();
  t.deepEqual([...(rowRanks ?? [])], all.map((i) => others(i).filter((j) => s(q, i, k, j) > s(q, i, k, i)).length));
  t.deepEqual([...(colRanks ?? [])], all.map((j) => others(j).filter((i) => s(q, i, k, j) > s(q, j, k, j)).length));
});

test('rows without a positive, and without a column that counts, are refused or left out', (t) => {
  const refused = t.throws(() => new Reference({ loss: clip, params, dim, q, k: k.subarray(0, 2 * dim) }).all(), { instanceOf: InfinitileError });
  t.regex(refused.message, /INF4010.*row 2/);
  const alone = { params, dim, q: q.subarray(0, dim), k: k.subarray(0, dim) };
  const empty = t.throws(() => new Reference({ loss: decoupled, ...alone }).all(), { instanceOf: InfinitileError });
  t.regex(empty.message, /INF4014.*row 0/);
  const { loss, dQueries, rowValues } = new Reference({ loss: supCon, ...alone, attributes: { rows: { label: [1] }, cols: { label: [1] } } }).all();
  t.is(loss, 0);
  t.true(dQueries.every((value) => value === 0));
  t.deepEqual(rowValues, Float64Array.of(NaN));
});

test('a sampled row has the gradient of the whole', (t) => {
  const reference = new Reference({ loss: clip, params, dim, q, k });
  const { dQueries, colLse } = reference.all();
  for (const i of all) t.deepEqual(reference.queryGradient(reference.rowGradient(i, reference.rowLse(i), (j) => colLse[j] ?? NaN).byDot), dQueries.slice(i * dim, (i + 1) * dim));
  const whole = new Reference({ loss: labelSmoothing(), params, dim, q, k });
  t.throws(() => whole.rowGradient(0, 1, () => 1), { message: /computed whole/ });
});
