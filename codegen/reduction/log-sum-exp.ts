/**
 * log sum exp as a monoid: the reducer behind both softmax directions. A tile, a thread, a chunk, a ring step and a rank all
 * merge their states with the same `combine`, in any grouping.
 *
 * The state (max, sum) stands for sum * exp(max). In the bounded mode `max` is the fixed offset of the whole problem, and
 * `combine` degenerates to adding sums. (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax".)
 */
export interface LogSumExp {
  readonly max: number;
  readonly sum: number;
}

export const identity: LogSumExp = { max: -Infinity, sum: 0 };

export function lift(logit: number): LogSumExp {
  return logit === -Infinity ? identity : { max: logit, sum: 1 };
}

export function combine(a: LogSumExp, b: LogSumExp): LogSumExp {
  if (a.sum === 0) return b;
  if (b.sum === 0) return a;
  const max = Math.max(a.max, b.max);
  return { max, sum: a.sum * Math.exp(a.max - max) + b.sum * Math.exp(b.max - max) };
}

/** -Infinity for a row that counts no column. */
export function finalize(state: LogSumExp): number {
  return state.sum === 0 ? -Infinity : state.max + Math.log(state.sum);
}

/** d finalize / d logit: the softmax probability of one logit. */
export function backward(state: LogSumExp, logit: number): number {
  return state.sum === 0 ? 0 : Math.exp(logit - state.max) / state.sum;
}
