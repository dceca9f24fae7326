import fc from 'fast-check';
import type { KnobValue } from '../../../dsl/choice.js';
import type { Axis } from '../../../codegen/space/space.js';
import type { Ranked, TuneResult } from '../../../runtime/tune/result.js';
import { sampleResult } from './sample-result.js';

/** What must never become markup or a script. */
export const hostile = '<script>alert("1")</script>&amp;\'{{x}}';

const words: fc.Arbitrary<KnobValue> = fc.constantFrom<KnobValue>('resident', 'a-very-long-word-that-no-line-has-room-for'.repeat(4), hostile, '{"signal": "x"}', '0', '');
const numbers: fc.Arbitrary<KnobValue> = fc.oneof(fc.integer({ min: 1, max: 2 ** 20 }), fc.constantFrom(1, 2));

const axis: fc.Arbitrary<Axis> = fc.oneof(
  fc.record({
    level: fc.constantFrom('chunk', 'block', 'register'),
    knob: fc.constantFrom('rows', 'cols', 'stages'),
    values: fc.uniqueArray(numbers, { minLength: 1, maxLength: 4 }),
  }),
  fc.uniqueArray(words, { minLength: 1, maxLength: 3 }).chain((values) =>
    fc.constantFrom<Axis>({ level: 'block', knob: 'panel', values }, { level: 'instruction', knob: 'name', values }),
  ),
);

/** Results of any size and outcome: no axis or several, nothing timed or all, whole spaces that failed, times of any magnitude. */
export const anyResult: fc.Arbitrary<TuneResult> = fc
  .record({
    axes: fc.uniqueArray(axis, { maxLength: 3, selector: ({ level, knob }) => `${level}.${knob}` }),
    timed: fc.integer({ min: 0, max: 40 }),
    failEvery: fc.constantFrom(1, 2, 7, 1000),
    ms: fc.constantFrom(1e-3, 0.4, 12, 3e5),
    loss: fc.constantFrom('clip', hostile),
    withoutPasses: fc.boolean(),
    keepsUsual: fc.boolean(),
    fromCache: fc.boolean(),
  })
  .map(({ loss, withoutPasses, keepsUsual, fromCache, ...options }) => {
    const result = sampleResult({ ...options, subject: { loss } });
    const simple = <T extends Pick<Ranked, 'predicted'>>(candidate: T): T => (withoutPasses ? { ...candidate, predicted: { ...candidate.predicted, passes: [] } } : candidate);
    return {
      ...result,
      fromCache,
      usual: simple(result.usual),
      best: simple(keepsUsual ? result.usual : result.best),
      timed: result.timed.map(simple),
      untimed: result.untimed.map(simple),
      failed: result.failed.map(simple),
    };
  });
