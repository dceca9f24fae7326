import test, { type ExecutionContext } from 'ava';
import { differentiateLoss } from '../../codegen/emit/derivatives.js';
import { linearLogit, type LinearLogit } from '../../codegen/emit/linear.js';
import { UniformFields } from '../../codegen/emit/uniforms.js';
import { evaluate } from '../../dsl/expression/index.js';
import { additiveMargin, clip, infoNCE, pairwiseLoss, siglip, softcap, softmax, stopGradient, type PairwiseLoss } from '../../dsl/index.js';

interface Found {
  readonly linear: LinearLogit;
  /** The value of a field of `struct Uniforms`, or of a literal. */
  readonly value: (text: string, params: Readonly<Record<string, number>>) => number;
}

function linearOf(loss: PairwiseLoss): Found | undefined {
  const uniforms = new UniformFields();
  const linear = linearLogit(loss, differentiateLoss(loss), uniforms);
  if (linear === undefined) return undefined;
  return {
    linear,
    value: (text, params) => {
      const field = /^uniforms\.u(\d+)$/.exec(text)?.[1];
      if (field === undefined) return Number(text.replace(/f$/, ''));
      const expression = uniforms.values()[Number(field)];
      return expression === undefined ? NaN : Number(evaluate(expression, { params }));
    },
  };
}

/** s = slope x + intercept, its exponent in base 2, and each parameter's derivative by differences, of a pair that is no positive. */
function agrees(t: ExecutionContext, loss: PairwiseLoss, params: Readonly<Record<string, number>>): void {
  const found = linearOf(loss);
  if (found === undefined) return t.fail(`${loss.name} is linear`);
  const { linear, value } = found;
  const logitAt = (dot: number, at: Readonly<Record<string, number>>): number => Number(evaluate(loss.logit, { params: at, dot, positive: false }));
  const near = (actual: number, expected: number, tolerance: number, what: string): void => {
    t.true(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${loss.name}: ${what} is ${actual}, expected ${expected}`);
  };
  const step = 1e-6;
  t.is(linear.params.length, loss.params.length);
  near(value(linear.slope, params), logitAt(1, params) - logitAt(0, params), 1e-12, 'slope');
  for (const dot of [-0.9, 0, 0.3, 1]) {
    near(value(linear.exponentSlope, params) * dot + value(linear.exponentIntercept, params), logitAt(dot, params) * Math.LOG2E, 1e-12, `exponent at ${dot}`);
    for (const [i, name] of loss.params.entries()) {
      const moved = (by: number): number => logitAt(dot, { ...params, [name]: (params[name] ?? 0) + by });
      const { slope, intercept } = linear.params[i] ?? { slope: 'NaN', intercept: 'NaN' };
      near(value(slope, params) * dot + value(intercept, params), (moved(step) - moved(-step)) / (2 * step), 1e-6, `derivative by ${name} at ${dot}`);
    }
  }
  return undefined;
}

const logScale = Math.log(14);

test('a scale makes a slope and no intercept', (t) => {
  for (const loss of [clip, infoNCE]) {
    agrees(t, loss, { logScale });
    t.is(linearOf(loss)?.linear.exponentIntercept, '0.0f');
    t.false(linearOf(loss)?.linear.hasIntercepts);
  }
});

test('a bias is an intercept, and its derivative one', (t) => {
  agrees(t, siglip, { logScale, bias: -10 });
  const found = linearOf(siglip);
  t.true(found?.linear.hasIntercepts);
  t.deepEqual(found?.linear.params.map(({ slope, intercept }) => [found.value(slope, { logScale }), found.value(intercept, { logScale })].map((x) => Number(x.toFixed(9)))), [[14, 0], [0, 1]]);
});

test('what is done to positives alone leaves the others linear', (t) => {
  agrees(t, additiveMargin(), Object.fromEntries(additiveMargin().params.map((name) => [name, logScale])));
  agrees(t, pairwiseLoss('offset', { params: ['logScale', 'shift'], logit: ({ dot, positive, params }) => (positive ? Math.tanh(dot) : Math.exp(params.logScale) * (dot - params.shift)), rows: softmax() }), { logScale, shift: 0.4 });
});

test('parameters meet in slopes and intercepts', (t) => {
  const loss = pairwiseLoss('mixed', {
    params: ['a', 'b'],
    constants: { c: 3 },
    logit: ({ dot, params, constants }) => (dot * Math.exp(params.a) - params.b ** 2) / constants.c + params.a * params.b + dot,
    rows: softmax(),
  });
  agrees(t, loss, { a: 0.7, b: -1.3 });
  t.true(linearOf(loss)?.linear.hasIntercepts);
});

test('without parameters, slopes are constants', (t) => {
  const loss = pairwiseLoss('fixed', { logit: ({ dot }) => 20 * dot - 3, rows: softmax() });
  agrees(t, loss, {});
  t.deepEqual(linearOf(loss)?.linear.params, []);
});

const curvedLogits: readonly PairwiseLoss[] = [
  softcap(),
  pairwiseLoss('square', { logit: ({ dot }) => dot * dot, rows: softmax() }),
  pairwiseLoss('absolute', { logit: ({ dot }) => Math.abs(dot), rows: softmax() }),
  pairwiseLoss('clamped', { logit: ({ dot }) => Math.max(dot, 0), rows: softmax() }),
  pairwiseLoss('reciprocal', { logit: ({ dot }) => 1 / (2 + dot), rows: softmax() }),
];

/** Their derivatives are the same for all pairs, and the logits are not on one line. */
const stepped: readonly PairwiseLoss[] = [
  pairwiseLoss('stopped', { logit: ({ dot }) => dot + stopGradient(dot), rows: softmax() }),
  pairwiseLoss('stoppedAlone', { params: ['a'], logit: ({ dot, params }) => params.a * stopGradient(dot), rows: softmax() }),
  pairwiseLoss('rounded', { logit: ({ dot }) => Math.floor(4 * dot), rows: softmax() }),
  pairwiseLoss('signs', { logit: ({ dot }) => dot + Math.sign(dot), rows: softmax() }),
  pairwiseLoss('twoSteps', { logit: ({ dot }) => (dot > 0.5 ? 2 : 1), rows: softmax() }),
  pairwiseLoss('jump', { logit: ({ dot }) => (dot > 0.5 ? dot + 1 : dot), rows: softmax() }),
];

const byPlace: readonly PairwiseLoss[] = [
  pairwiseLoss('rowScale', { attributes: { rows: { weight: 'f32' } }, logit: ({ dot, row }) => row.weight * dot, rows: softmax() }),
  pairwiseLoss('colPrior', { attributes: { cols: { prior: 'f32' } }, logit: ({ dot, col }) => dot - col.prior, rows: softmax() }),
  pairwiseLoss('distance', { logit: ({ dot, row, col }) => dot - Math.abs(row.index - col.index), rows: softmax() }),
  pairwiseLoss('stoppedPlace', { logit: ({ dot, row }) => dot + stopGradient(row.index), rows: softmax() }),
];

for (const [what, losses] of [['curved', curvedLogits], ['in steps', stepped], ['of a place of its own', byPlace]] as const) {
  for (const loss of losses) {
    test(`a logit that is ${what} is not linear: ${loss.name}`, (t) => {
      t.is(linearOf(loss), undefined);
    });
  }
}

test('a stopped value that is the same for all pairs is a constant to the dot', (t) => {
  const loss = pairwiseLoss('stoppedScale', { params: ['a'], logit: ({ dot, params }) => stopGradient(Math.exp(params.a)) * dot, rows: softmax() });
  const found = linearOf(loss);
  t.is(found?.value(found.linear.slope, { a: 1 }), Math.E);
  t.deepEqual(found?.linear.params, [{ slope: '0.0f', intercept: '0.0f' }]);
});
