import { performance } from 'node:perf_hooks';

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
    return this.budget === Infinity ? new AbortController().signal : AbortSignal.timeout(Math.max(0, Math.ceil(this.left * 1000)));
  }
}
