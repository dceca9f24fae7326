import type { SoftmaxMode } from '../codegen/plan/plan.js';
import type { Interval } from '../dsl/expression/interval.js';

/** How the exponentials of a run are kept in fp32's range. */
export interface SoftmaxRange {
  readonly mode: SoftmaxMode;
  /** Bounded mode: exp(s - offset) is what is summed. */
  readonly offset: number;
  /** Bounded mode: a sum below this has lost terms to underflow, and the running mode must take over. */
  readonly sumFloor: number;
}

/** exp(87) and exp(-87) are the last whole powers that are normal numbers of fp32. */
const largestExponent = 87;

/** Wider ranges than this are not tried with one offset: at scale 100 unit rows span 200 and nearly always fit. */
const widestTried = 400;

const smallestNormal = 2 ** -126;

/** Running maxima: right for any finite logits, two exponentials a pair. */
export const exactRange: SoftmaxRange = { mode: 'running', offset: 0, sumFloor: smallestNormal };

/**
 * The fixed offset for logits within `logits`, summed over `terms` of them, where the least weight of a row or column is
 * `leastWeight`: no sum can overflow, no weight over a sum is subnormal, and the middle of the range keeps as far from
 * underflow as from overflow. Terms that underflow are each below 2^-126; a sum of at least `sumFloor` makes their loss
 * smaller than fp32's rounding. The offset is a whole number, so that it is subtracted with little rounding.
 */
export function softmaxRange(logits: Interval, terms: number, leastWeight: number): SoftmaxRange {
  if (!(logits.high - logits.low <= widestTried)) return exactRange;
  const lowestSafe = logits.high - largestExponent + Math.log(terms) + Math.max(0, -Math.log(leastWeight));
  return {
    mode: 'bounded',
    offset: Math.ceil(Math.max((logits.high + logits.low) / 2, lowestSafe)),
    sumFloor: Math.min(1, terms * smallestNormal * 2 ** 24),
  };
}
