import test, { type ExecutionContext } from 'ava';
import { softplusSum, softplusTerms } from '../../codegen/emit/softplus-sums.js';
import { UniformFields } from '../../codegen/emit/uniforms.js';
import { evaluate } from '../../dsl/expression/index.js';
import { clip, pairwiseLoss, siglip, sigmoid, softcap, softmax, softplus, stopGradient, type PairwiseLoss } from '../../dsl/index.js';
import { negatives, softplusBeside, twoSoftpluses } from './pair-losses.js';

type Params = Readonly<Record<string, number>>;

const weight = 0.25;

/** The weighted pair term of a pair that is no positive. */
function valueAt({ logit, pairs }: PairwiseLoss, dot: number, params: Params): number {
  if (pairs === undefined) return NaN;
  const at = { params, dot, positive: false };
  return weight * Number(evaluate(pairs.value, { ...at, logit: Number(evaluate(logit, at)) }));
}

/** Terms as kernels take them: the value of a pair, and its derivatives by the dot and by each parameter. */
function termsAt(loss: PairwiseLoss, dot: number, params: Params) {
  const uniforms = new UniformFields();
  const terms = (softplusTerms(loss) ?? []).map((term) => softplusSum(term, loss.params, uniforms));
  const values = uniforms.values().map((expression) => Number(evaluate(expression, { params: { ...params, 'pair weight': weight } })));
  const number = (text: string): number => (text === '0.0f' ? 0 : (values[Number(/^uniforms\.u(\d+)$/.exec(text)?.[1])] ?? NaN));
  const scalars = Array.from({ length: 1 + loss.params.length }, () => 0);
  let byDot = 0;
  for (const { exponentSlope, exponentIntercept, slope, shares } of terms) {
    const argument = (number(exponentSlope) * dot + number(exponentIntercept)) * Math.LN2;
    const sums = { 'value()': softplus(argument), ones: sigmoid(argument), dots: sigmoid(argument) * dot };
    byDot += number(slope) * sums.ones;
    for (const { scalar, sum, factor } of shares) scalars[scalar] = (scalars[scalar] ?? NaN) + sums[sum] * number(factor);
  }
  const [value = NaN, ...byParams] = scalars;
  return { count: terms.length, value, byDot, byParams };
}

const step = 1e-5;

function agrees(t: ExecutionContext, loss: PairwiseLoss, params: Params, count: number): void {
  const near = (actual: number, expected: number, tolerance: number, what: string): void => {
    t.true(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${loss.name}: ${what} is ${actual}, expected ${expected}`);
  };
  for (const dot of [-0.9, 0, 0.3, 1]) {
    const found = termsAt(loss, dot, params);
    t.is(found.count, count);
    near(found.value, valueAt(loss, dot, params), 1e-12, `value at ${dot}`);
    near(found.byDot, (valueAt(loss, dot + step, params) - valueAt(loss, dot - step, params)) / (2 * step), 1e-7, `derivative at ${dot}`);
    for (const [i, name] of loss.params.entries()) {
      const moved = (by: number): number => valueAt(loss, dot, { ...params, [name]: (params[name] ?? 0) + by });
      near(found.byParams[i] ?? NaN, (moved(step) - moved(-step)) / (2 * step), 1e-7, `derivative by ${name} at ${dot}`);
    }
  }
}

const siglipParams = { logScale: Math.log(10), bias: -3 };

test('the pairs of SigLIP are one softplus, alone or beside softmaxes', (t) => {
  for (const loss of [siglip, negatives, softplusBeside]) agrees(t, loss, siglipParams, 1);
});

test('softpluses of several lines, with weights that are learned', (t) => {
  agrees(t, twoSoftpluses, { ...siglipParams, balance: 1.7 }, 2);
});

test('a pair term may read dots and parameters beside the logit', (t) => {
  const loss = pairwiseLoss('direct', {
    params: ['scale', 'bias'],
    logit: ({ dot }) => dot,
    pairs: { value: ({ dot, logit, params }) => -(params.scale * softplus(params.scale * dot + params.bias * (logit - 1))) / 3 },
  });
  agrees(t, loss, { scale: 2.5, bias: -0.7 }, 1);
});

test('of a stopped value that is the same for all pairs, the parameters have no gradient', (t) => {
  const loss = pairwiseLoss('stoppedScale', { params: ['a'], logit: ({ dot, params }) => stopGradient(Math.exp(params.a)) * dot, pairs: { value: ({ logit }) => softplus(logit) } });
  t.deepEqual(termsAt(loss, 0.5, { a: 1 }).byParams, [0]);
});

const logit = ({ dot }: { readonly dot: number }) => 3 * dot;

const others: readonly PairwiseLoss[] = [
  clip,
  softcap(),
  pairwiseLoss('hinge', { logit, pairs: { value: ({ logit: s }) => Math.max(0, s) } }),
  pairwiseLoss('offset', { logit, pairs: { value: ({ logit: s }) => softplus(s) + 1 } }),
  pairwiseLoss('squared', { logit, pairs: { value: ({ logit: s }) => softplus(s) ** 2 } }),
  pairwiseLoss('inverse', { logit, pairs: { value: ({ logit: s }) => 1 / softplus(s) } }),
  pairwiseLoss('ofACurve', { logit, pairs: { value: ({ logit: s }) => softplus(s * s) } }),
  pairwiseLoss('besideACurve', { logit: ({ dot }) => dot * dot, rows: softmax(), pairs: { value: ({ dot }) => softplus(3 * dot) } }),
  pairwiseLoss('byPlace', { logit, pairs: { value: ({ logit: s, row }) => softplus(s - row.index) } }),
  pairwiseLoss('weightedByPlace', { logit, pairs: { value: ({ logit: s, row }) => row.index * softplus(s) } }),
  pairwiseLoss('weightedByDot', { logit, pairs: { value: ({ logit: s, dot }) => dot * softplus(s) } }),
  pairwiseLoss('stopped', { logit, pairs: { value: ({ logit: s }) => softplus(stopGradient(s)) } }),
  pairwiseLoss('chosen', { logit, pairs: { value: ({ logit: s }) => (s > 0 ? softplus(s) : softplus(-s)) } }),
  pairwiseLoss('three', { logit, pairs: { value: ({ logit: s }) => softplus(s) + softplus(2 * s) + softplus(3 * s) } }),
];

for (const loss of others) {
  test(`the pair term is no sum of few softpluses: ${loss.name}`, (t) => {
    t.is(softplusTerms(loss), undefined);
  });
}

test('what positives do has no part in it', (t) => {
  const loss = pairwiseLoss('positives', { logit: ({ dot, positive }) => (positive ? dot * dot : 3 * dot), pairs: { value: ({ logit: s, positive }) => (positive ? s ** 3 : softplus(s)) } });
  agrees(t, loss, {}, 1);
});
