import test from 'ava';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { parseCount, parseParameters, parseSize } from '../../runtime/cli/parse.js';

const refused = { instanceOf: InvalidArgumentError };

test('a size is a number of bytes with or without a unit', (t) => {
  const units = fc.constantFrom(['', 1], ['B', 1], ['KiB', 2 ** 10], ['MiB', 2 ** 20], ['GiB', 2 ** 30], ['kB', 1e3], ['MB', 1e6], ['GB', 1e9]) as fc.Arbitrary<[string, number]>;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 20 }), units, fc.boolean(), (number, [unit, factor], lower) => {
      t.is(parseSize(`${number}${lower ? unit.toLowerCase() : unit}`), number * factor);
    }),
  );
  t.is(parseSize('1.5GiB'), 1.5 * 2 ** 30);
  t.is(parseSize('1e9'), 1e9);
  t.is(parseSize(' 256 MiB '), 256 * 2 ** 20);
});

test('a size that means nothing is refused', (t) => {
  for (const text of ['', 'MiB', '-1', '0', '0.4', '12Q', '1e', '256 M iB', 'NaN', 'Infinity', '1e99', '0x10', '1,5GiB']) t.throws(() => parseSize(text), refused, text);
});

test('a count is a whole number from 1', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (value) => parseCount(String(value)) === value));
  t.is(parseCount('1e6'), 1_000_000);
  for (const text of ['0', '-3', '1.5', '', 'many', '2147483648', '0x10', '1e-3']) t.throws(() => parseCount(text), refused, text);
});

test('parameters read back as they were written', (t) => {
  const names = fc.stringMatching(/^[A-Za-z_$][\w$]{0,8}$/);
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(names, finite), { selector: ([name]) => name, minLength: 1 }), (entries) => {
      const text = entries.map(([name, value]) => `${name}=${value}`).join(',');
      t.deepEqual(new Map(Object.entries(parseParameters(text))), new Map(entries));
    }),
  );
});

test('parameters add up over several flags', (t) => {
  t.deepEqual(parseParameters('bias=-10', parseParameters('logScale=2.6')), { logScale: 2.6, bias: -10 });
  t.throws(() => parseParameters('a=1', { a: 2 }), refused);
  for (const text of ['', 'a', 'a=', '=1', 'a=1,', 'a=one', 'a=NaN', 'a=Infinity', 'a=1e999', 'a=1,a=2', 'a==1', 'a=0x10']) t.throws(() => parseParameters(text), refused, text);
});
