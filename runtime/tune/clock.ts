import { performance } from 'node:perf_hooks';

/** Timers count milliseconds in 31 bits. */
export const longestSeconds = 2e6;

/** A timer may be early by a little: nothing is left when it fires. */
const slackMilliseconds = 10;

/** What is left of a budget of seconds; all the time there is without one. */
export class Clock {
  readonly #started = performance.now();
  /** Seconds; Infinity without one. */
  readonly budget: number;

  constructor(budget = Infinity) {
    this.budget = budget;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get left(): number {
    return this.budget - this.seconds;
  }

  /** Aborts when nothing is left. */
  signal(): AbortSignal {
    return this.left > longestSeconds ? new AbortController().signal : AbortSignal.timeout(Math.max(0, Math.ceil(this.left * 1000)) + slackMilliseconds);
  }
}
