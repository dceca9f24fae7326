/**
 * Interval arithmetic: enclosures of every value that an operator can take, rounding included. Booleans are 0 and 1.
 * An interval whose ends are NaN holds any value, NaN among them; arithmetic spreads it by itself.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const anything: Interval = { low: NaN, high: NaN };
export const everyTruth: Interval = { low: 0, high: 1 };
export const always: Interval = { low: 1, high: 1 };
export const never: Interval = { low: 0, high: 0 };

/** Library functions are accurate to an ulp or two; ends move out by four. */
const slack = 4 * Number.EPSILON;

export function isAnything({ low, high }: Interval): boolean {
  return Number.isNaN(low) || Number.isNaN(high);
}

export function contains({ low, high }: Interval, value: number): boolean {
  return low <= value && value <= high;
}

/** The smallest interval around results computed with rounding. */
export function around(...values: readonly number[]): Interval {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return {
    low: Number.isFinite(low) ? low - Math.abs(low) * slack - Number.MIN_VALUE : low,
    high: Number.isFinite(high) ? high + Math.abs(high) * slack + Number.MIN_VALUE : high,
  };
}

/** For functions that only rise, and are exact or rounded within {@link slack}. */
export function rising(evaluate: (x: number) => number, range: Interval = { low: -Infinity, high: Infinity }): (x: Interval) => Interval {
  return ({ low, high }) => clamp(around(evaluate(low), evaluate(high)), range);
}

export function risingExactly(evaluate: (x: number) => number): (x: Interval) => Interval {
  return ({ low, high }) => ({ low: evaluate(low), high: evaluate(high) });
}

/** For functions of two operands that are monotone in each while the other stays. */
export function corners(evaluate: (a: number, b: number) => number): (a: Interval, b: Interval) => Interval {
  return (a, b) => around(evaluate(a.low, b.low), evaluate(a.low, b.high), evaluate(a.high, b.low), evaluate(a.high, b.high));
}

export function union(a: Interval, b: Interval): Interval {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

export function negateBounds({ low, high }: Interval): Interval {
  return { low: -high, high: -low };
}

export function addBounds(a: Interval, b: Interval): Interval {
  const opposed = (a.low === -Infinity && b.high === Infinity) || (a.high === Infinity && b.low === -Infinity);
  return opposed ? anything : { low: around(a.low + b.low).low, high: around(a.high + b.high).high };
}

export function multiplyBounds(a: Interval, b: Interval): Interval {
  const indefinite = (contains(a, 0) && isUnbounded(b)) || (isUnbounded(a) && contains(b, 0));
  return indefinite ? anything : corners((x, y) => x * y)(a, b);
}

export function divideBounds(a: Interval, b: Interval): Interval {
  const indefinite = contains(b, 0) || (isUnbounded(a) && isUnbounded(b));
  return indefinite ? anything : corners((x, y) => x / y)(a, b);
}

/** Divisors are positive: one that may not be leaves nothing known. */
export function floorDivideBounds(a: Interval, b: Interval): Interval {
  if (!(b.low > 0)) return anything;
  const { low, high } = divideBounds(a, b);
  return { low: Math.floor(low), high: Math.floor(high) };
}

/** The sign is the dividend's; the magnitude is below the divisor's and no more than the dividend's. */
export function remainderBounds(a: Interval, b: Interval): Interval {
  if (!(b.low > 0) || isUnbounded(a)) return anything;
  return { low: Math.max(Math.min(a.low, 0), -b.high), high: Math.min(Math.max(a.high, 0), b.high) };
}

function isUnbounded({ low, high }: Interval): boolean {
  return low === -Infinity || high === Infinity;
}

export function absBounds({ low, high }: Interval): Interval {
  const ends = [Math.abs(low), Math.abs(high)] as const;
  return { low: contains({ low, high }, 0) ? 0 : Math.min(...ends), high: Math.max(...ends) };
}

export function squareBounds(x: Interval): Interval {
  const magnitude = absBounds(x);
  return clamp(around(magnitude.low ** 2, magnitude.high ** 2), { low: 0, high: Infinity });
}

export function powBounds(base: Interval, exponent: Interval): Interval {
  if (isAnything(base) || isAnything(exponent)) return anything;
  // A zero has a sign, and its negative powers are infinite either way.
  if (contains(base, 0) && exponent.low < 0) return anything;
  // An infinite power of 1 is NaN.
  if (contains(base, 1) && (exponent.low === -Infinity || exponent.high === Infinity)) return anything;
  const n = exponent.low;
  if (n === exponent.high && Number.isInteger(n)) return integerPowBounds(base, n);
  return base.low >= 0 ? clamp(corners(Math.pow)(base, exponent), { low: 0, high: Infinity }) : anything;
}

function integerPowBounds(base: Interval, n: number): Interval {
  if (n === 0) return always;
  const ends = [base.low ** n, base.high ** n];
  return n % 2 === 0 && contains(base, 0) ? around(0, ...ends) : around(...ends);
}

/** Truth of `a < b`. */
export function lessBounds(a: Interval, b: Interval): Interval {
  if (a.high < b.low) return always;
  return a.low >= b.high ? never : everyTruth;
}

/** Truth of `a <= b`. */
export function lessEqualBounds(a: Interval, b: Interval): Interval {
  if (a.high <= b.low) return always;
  return a.low > b.high ? never : everyTruth;
}

export function equalBounds(a: Interval, b: Interval): Interval {
  if (a.low === a.high && b.low === b.high && a.low === b.low) return always;
  return a.high < b.low || b.high < a.low ? never : everyTruth;
}

export function notBounds({ low, high }: Interval): Interval {
  return { low: 1 - high, high: 1 - low };
}

/** Undefined below `least`: an interval that reaches there holds NaN. */
export function definedFrom(least: number, bounds: (x: Interval) => Interval): (x: Interval) => Interval {
  return (x) => (x.low < least ? anything : bounds(x));
}

function clamp({ low, high }: Interval, range: Interval): Interval {
  return { low: Math.max(low, range.low), high: Math.min(high, range.high) };
}
