import test from 'ava';
import fc from 'fast-check';
import { softmaxRange } from '../../runtime/softmax-range.js';

const largest = (2 - 2 ** -23) * 2 ** 127;
const smallestNormal = 2 ** -126;

test('bounded: no sum overflows, no scale is subnormal, whatever the logits within their bounds', (t) => {
  const bounds = fc.tuple(fc.double({ min: -1e4, max: 1e4, noNaN: true }), fc.double({ min: 0, max: 390, noNaN: true }));
  fc.assert(
    fc.property(bounds, fc.integer({ min: 1, max: 12_000_000 }), ([low, width], terms) => {
      const weight = 0.5 / terms;
      const { mode, offset } = softmaxRange({ low, high: low + width }, terms, weight);
      const largestSum = terms * Math.exp(low + width - offset);
      t.is(mode, 'bounded');
      t.true(largestSum < largest, `sum ${largestSum}`);
      t.true(weight / largestSum >= smallestNormal, `scale ${weight / largestSum}`);
      t.true(Number.isInteger(offset));
    }),
  );
});

test('what CLIP meets at unit norms and its usual scales lies in the middle of the range', (t) => {
  t.is(softmaxRange({ low: -14.3, high: 14.3 }, 65_536, 0.5 / 65_536).offset, 0);
});

test('logits too far apart, or unbounded, take running maxima', (t) => {
  t.is(softmaxRange({ low: -1e4, high: 1e4 }, 100, 0.01).mode, 'running');
  t.is(softmaxRange({ low: -Infinity, high: 0 }, 100, 0.01).mode, 'running');
  t.is(softmaxRange({ low: NaN, high: NaN }, 100, 0.01).mode, 'running');
});
