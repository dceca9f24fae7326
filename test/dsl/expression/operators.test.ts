import test from 'ava';
import fc from 'fast-check';
import { apply, constant, parameter } from '../../../dsl/expression/build.js';
import { contains } from '../../../dsl/expression/bounds.js';
import { differentiate, evaluate, operatorNames, operators, simplify, type OperatorName } from '../../../dsl/expression/index.js';

/** Where each operator is smooth; anything not listed is smooth everywhere. */
const domains: Readonly<Partial<Record<OperatorName, (a: number, b: number) => boolean>>> = {
  divide: (_, b) => Math.abs(b) > 0.2,
  log: (a) => a > 0.2,
  log1p: (a) => a > -0.8,
  sqrt: (a) => a > 0.2,
  abs: (a) => Math.abs(a) > 0.01,
  sign: (a) => Math.abs(a) > 0.01,
  floor: (a) => Math.abs(a - Math.round(a)) > 0.01,
  min: (a, b) => Math.abs(a - b) > 0.01,
  max: (a, b) => Math.abs(a - b) > 0.01,
  pow: (a) => a > 0.2,
};

const smooth = operatorNames.filter((name) => name !== 'stopGradient' && operators[name].signatures.some(({ result }) => result === 'number'));

for (const name of smooth) {
  test(`the derivatives of ${name} are those of finite differences`, (t) => {
    const [signature] = operators[name].signatures;
    const operands = signature?.operands ?? [];
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.boolean(), number, number, (condition, a, b) => {
        if (domains[name]?.(a, b) === false) return true;
        const names = operands.map((type, i) => (type === 'boolean' ? constant(condition) : parameter(`p${i}`)));
        const expression = apply(name, ...names);
        const values = [a, b, a * 0.5 - b];
        const params = Object.fromEntries(operands.map((_, i) => [`p${i}`, values[i] ?? 0]));
        for (const [i, type] of operands.entries()) {
          if (type === 'boolean') continue;
          const at = (shift: number) => Number(evaluate(expression, { params: { ...params, [`p${i}`]: (params[`p${i}`] ?? 0) + shift } }));
          const step = 1e-5;
          const difference = (at(step) - at(-step)) / (2 * step);
          const derivative = differentiate(expression, parameter(`p${i}`));
          for (const form of [derivative, simplify(derivative)]) {
            const value = Number(evaluate(form, { params }));
            if (Math.abs(value - difference) > 1e-6 * Math.max(1, Math.abs(value))) return false;
          }
        }
        return true;
      }),
    );
    t.pass();
  });
}

test('conventions where there is no derivative', (t) => {
  const x = parameter('x');
  const y = parameter('y');
  const at = (name: OperatorName, values: { readonly x: number; readonly y?: number }, by = x) =>
    Number(evaluate(differentiate(apply(name, ...(operators[name].signatures[0]?.operands.length === 2 ? [x, y] : [x])), by), { params: { y: 0, ...values } }));
  t.is(at('abs', { x: 0 }), 0);
  t.is(at('sign', { x: 0 }), 0);
  t.is(at('floor', { x: 1 }), 0);
  t.deepEqual([at('min', { x: 1, y: 1 }), at('min', { x: 1, y: 1 }, y)], [1, 0]);
  t.deepEqual([at('max', { x: 1, y: 1 }), at('max', { x: 1, y: 1 }, y)], [1, 0]);
  t.is(at('pow', { x: 0, y: 2 }, y), 0);
  t.is(at('stopGradient', { x: 3 }), 0);
});

test('sigmoid and softplus keep their accuracy at both ends', (t) => {
  const at = (name: OperatorName, x: number) => Number(evaluate(apply(name, parameter('x')), { params: { x } }));
  t.is(at('softplus', 800), 800);
  t.is(at('softplus', -800), 0);
  t.true(Math.abs(at('softplus', -40) / Math.exp(-40) - 1) < 1e-12);
  t.is(at('sigmoid', 800), 1);
  t.true(Math.abs(at('sigmoid', -40) / Math.exp(-40) - 1) < 1e-12);
});

for (const name of operatorNames) {
  test(`the bounds of ${name} hold its values`, (t) => {
    const [signature] = operators[name].signatures;
    const operands = signature?.operands ?? [];
    const end = fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constantFrom(-2, -1, -0, 0, 5e-324, 1, 2, 750, -750));
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(end, end, part, fc.boolean()), { minLength: operands.length, maxLength: operands.length }), (drawn) => {
        const intervals = drawn.map(([a, b, , truth], i) => (operands[i] === 'boolean' ? { low: 0, high: Number(truth) } : { low: Math.min(a, b), high: Math.max(a, b) }));
        const values = drawn.map(([, , where], i) => {
          const { low, high } = intervals[i] ?? { low: 0, high: 0 };
          return operands[i] === 'boolean' ? Math.round(where * high) : Math.min(high, Math.max(low, low + where * (high - low)));
        });
        const value = operators[name].evaluate(...values);
        const bounds = operators[name].bounds(...intervals);
        return Number.isNaN(bounds.low) || contains(bounds, value);
      }),
      { numRuns: 500 },
    );
    t.pass();
  });
}
