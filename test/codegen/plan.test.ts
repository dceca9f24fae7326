import test from 'ava';
import fc from 'fast-check';
import { unshared } from '../../codegen/plan/bind.js';
import { ceilDiv, evaluateExtent, max, min, plus, printExtent, roundUp, times, type Extent, type Shape } from '../../codegen/plan/extent.js';
import { backward, combine, finalize, identity, lift, type LogSumExp } from '../../codegen/reduction/log-sum-exp.js';

const shape: Shape = { ...unshared, n: 1000, m: 300, chunkRows: 256, chunkCols: 128, row0: 512, col0: 128, rows: 200, cols: 100, workers: 2 };

test('extents fold constants and neutral elements', (t) => {
  t.is(times(3, 4), 12);
  t.is(times('n', 1), 'n');
  t.is(plus(0, 'm'), 'm');
  t.is(ceilDiv('rows', 1), 'rows');
  t.is(times('n', 0), 0);
});

test('extents print as they are computed', (t) => {
  const extent = min(times(ceilDiv('rows', 128), 'chunkCols'), max(roundUp('cols', 64), plus('n', 8)));
  t.is(printExtent(extent), 'min(ceil(rows / 128) * chunkCols, max(roundUp(cols, 64), (n + 8)))');
  t.is(evaluateExtent(extent, shape), 256);
});

test('folding never changes a value', (t) => {
  const leaf = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom('n', 'm', 'rows', 'cols'));
  const raw = { plus, times, ceilDiv, roundUp, min, max };
  fc.assert(
    fc.property(leaf, leaf, fc.constantFrom('plus', 'times', 'ceilDiv', 'roundUp', 'min', 'max'), (left, right, kind) => {
      const unfolded: Extent = { kind, left, right };
      t.is(evaluateExtent(raw[kind](left, right), shape), evaluateExtent(unfolded, shape));
    }),
  );
});

const logit = fc.oneof(fc.double({ min: -1e4, max: 1e4, noNaN: true }), fc.constant(-Infinity));
const state: fc.Arbitrary<LogSumExp> = fc.array(logit, { maxLength: 6 }).map((logits) => logits.map(lift).reduce(combine, identity));
const near = (a: number, b: number) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));

test('log sum exp is a commutative monoid', (t) => {
  fc.assert(fc.property(state, (a) => near(finalize(combine(a, identity)), finalize(a)) && near(finalize(combine(identity, a)), finalize(a))));
  fc.assert(fc.property(state, state, (a, b) => near(finalize(combine(a, b)), finalize(combine(b, a)))));
  fc.assert(fc.property(state, state, state, (a, b, c) => near(finalize(combine(combine(a, b), c)), finalize(combine(a, combine(b, c))))));
  t.pass();
});

test('log sum exp of nothing is -Infinity, never NaN', (t) => {
  t.is(finalize(identity), -Infinity);
  t.is(finalize(combine(lift(-Infinity), lift(-Infinity))), -Infinity);
  t.is(backward(identity, -Infinity), 0);
});

test('its derivative is the softmax', (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 8 }), (logits) => {
      const all = logits.map(lift).reduce(combine, identity);
      const step = 1e-6;
      const moved = logits.map((value, i) => lift(i === 0 ? value + step : value)).reduce(combine, identity);
      return Math.abs((finalize(moved) - finalize(all)) / step - backward(all, logits[0] ?? 0)) < 1e-4;
    }),
  );
  t.pass();
});
