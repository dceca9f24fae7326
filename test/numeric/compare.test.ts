import test from 'ava';
import { clip, Reference } from '../../runtime/index.js';
import { roughArithmetic } from '../support/rounding.js';
import { compareQuantities, referenceQuantities, type Quantities } from './compare.js';
import { generator, rows } from './rows.js';

const unit = 2 ** -22;
const [n, dim] = [40, 8];
const inputs = { loss: clip, params: { logScale: 2 }, dim, q: rows(n, dim, 1), k: rows(n, dim, 2) };
const exact = referenceQuantities(new Reference(inputs).all());
const rough = [1, 2, 3].map((seed) => referenceQuantities(new Reference({ ...inputs, arithmetic: roughArithmetic(unit, generator(seed)) }).all()));

function changed(name: string, change: (value: number, at: number) => number): Quantities {
  return new Map([...exact].map(([each, values]) => [each, each === name ? Array.from(values, change) : values]));
}

test('what rounding does is no mistake', (t) => {
  for (const each of rough) t.deepEqual(compareQuantities(each, exact, rough, unit), { mistakes: [], undecided: [] });
});

test('what rounding does not do is one', (t) => {
  const mistakesIn = (actual: Quantities) => compareQuantities(actual, exact, rough, unit).mistakes.length;
  for (const name of ['loss', 'dQ', 'dK', 'dlogScale', 'row LSE', 'column values']) t.is(mistakesIn(changed(name, (value) => value * 1.0001)), 1, name);
  t.is(mistakesIn(changed('dK', (value, at) => (at === 5 ? NaN : value))), 1);
  t.is(mistakesIn(changed('row ranks', (value, at) => (at === 7 ? value + 1 : value))), 1);
  t.is(mistakesIn(new Map([['dQ', []]])), 1);
});
