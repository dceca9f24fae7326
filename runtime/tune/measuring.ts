import type { SoftmaxMode } from '../../codegen/plan/plan.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Builds } from './builds.js';
import { longestSeconds, type Clock } from './clock.js';
import type { Landscape } from './landscape.js';
import type { Failure, Measurement } from './measurement.js';
import { decisiveRounds, type Ask } from './search.js';
import type { Fault, TimingDevice } from './worker/timing-device.js';

/** The budget was over before an answer was there: no candidate is to blame. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

export interface MeasuringOptions {
  readonly landscape: Landscape;
  readonly builds: Builds;
  readonly device: TimingDevice;
  readonly clock: Clock;
  /** Its abort ends the process that times: no fault of the candidate that is at it. */
  readonly signal: AbortSignal | undefined;
  /** Told how exponentials were kept in range: other programs may be needed for it. */
  readonly onSoftmax: (mode: SoftmaxMode) => void;
  readonly onPhase: (phase: 'building' | 'timing' | 'checking') => void;
}

/** Seconds that a candidate is given before it counts as hanging, at the least; and in times of what the usual tiling took. */
const patience = { seconds: 15, times: 20 } as const;

/** Seconds that a check is taken to last until one was made: fp64 takes most of it. */
const unknownCheckSeconds = 3;

/** Answers what the search asks: builds, times in turns, checks. */
export class Measuring {
  readonly #options: MeasuringOptions;
  /** Seconds that a candidate took the first time, with all that it needs; that a turn took the last time; and a check. */
  #first = 0;
  #turn: number | undefined;
  #check = unknownCheckSeconds;
  readonly #met = new Set<string>();

  constructor(options: MeasuringOptions) {
    this.#options = options;
  }

  /** What an answer may take, in seconds. */
  secondsFor(ask: Ask): number {
    if (ask.kind === 'check') return this.#check;
    const fresh = ask.ids.filter((id) => !this.#met.has(id)).length;
    return this.#options.builds.secondsFor(ask.ids) + this.#first * fresh + this.#turnSeconds * (ask.ids.length + 1 - fresh);
  }

  /** What a candidate takes from its first round to the last that it needs to win. */
  get decisionSeconds(): number {
    return this.#check + this.#turnSeconds * 2 * decisiveRounds;
  }

  get #turnSeconds(): number {
    return this.#turn ?? this.#first;
  }

  /** @throws {OutOfTime} when the budget ends meanwhile. */
  async answer(ask: Ask): Promise<readonly Measurement[]> {
    return ask.kind === 'check' ? [await this.#checked(ask.id)] : this.#round(ask.ids);
  }

  async #round(ids: readonly string[]): Promise<readonly Measurement[]> {
    const { landscape, builds, signal, onPhase } = this.#options;
    onPhase('building');
    const failures: Failure[] = [];
    const reasons = await this.#inTime(Promise.all([landscape.space.usual.id, ...ids].map((id) => builds.build(id))));
    const [usualReason, ...others] = reasons;
    if (usualReason !== undefined) throw usualFails('compile', usualReason);
    const built = ids.filter((id, i) => {
      const reason = others[i];
      if (reason !== undefined) failures.push({ kind: 'failure', id, stage: 'compile', reason });
      return reason === undefined;
    });
    onPhase('timing');
    const usual = await this.#time(landscape.space.usual.id);
    signal?.throwIfAborted();
    if (typeof usual !== 'number') throw usualFails(usual.stage, usual.reason);
    const times: Record<string, number> = {};
    for (const id of built) {
      const time = await this.#time(id);
      // What was timed before is kept.
      if (signal?.aborted === true) break;
      if (typeof time === 'number') times[id] = time;
      else failures.push({ kind: 'failure', id, stage: time.stage, reason: time.reason });
    }
    return [...failures, { kind: 'round', usual, times }];
  }

  async #time(id: string): Promise<number | Fault> {
    const { landscape, device, onSoftmax } = this.#options;
    await this.#open();
    const started = performance.now();
    const answer = await this.#limited((limit) => device.time(landscape.candidate(id).tiling, limit));
    if (answer.kind === 'fault') return answer;
    onSoftmax(answer.softmax);
    const seconds = (performance.now() - started) / 1000;
    if (this.#met.has(id)) this.#turn = seconds;
    else this.#first = Math.max(this.#first, seconds);
    this.#met.add(id);
    return answer.ms;
  }

  async #checked(id: string): Promise<Measurement> {
    const { landscape, device, signal, onPhase } = this.#options;
    onPhase('checking');
    await this.#open();
    const started = performance.now();
    const answer = await this.#limited((limit) => device.check(landscape.candidate(id).tiling, limit));
    signal?.throwIfAborted();
    if (answer.kind === 'fault') return { kind: 'failure', id, stage: answer.stage, reason: answer.reason };
    this.#check = (performance.now() - started) / 1000;
    return { kind: 'check', id, error: answer.error, worst: answer.worst };
  }

  /** A process that is to be started takes its time, which is no candidate's. */
  async #open(): Promise<void> {
    const { device, clock } = this.#options;
    await this.#inTime(device.open(Math.min(clock.left, longestSeconds) * 1000));
  }

  /** Within patience, and within the budget; an end of the budget is no fault of the candidate. */
  async #limited<T extends { readonly kind: string }>(ask: (limit: number) => Promise<T | Fault>): Promise<T | Fault> {
    const { clock } = this.#options;
    const patient = this.#turn === undefined ? Infinity : Math.max(patience.seconds, patience.times * this.#turn);
    const limit = Math.min(patient, clock.left, longestSeconds);
    if (limit <= 0) throw new OutOfTime();
    const answer = await ask(limit * 1000);
    if (answer.kind === 'fault' && clock.left <= 0) throw new OutOfTime();
    return answer;
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#options.clock.left <= 0) throw new OutOfTime();
      throw error;
    }
  }
}

function usualFails(stage: string, reason: string): InfinitileError {
  return new InfinitileError({ code: 'INF7003', message: `the usual tiling, which candidates are compared with, fails (${stage}): ${reason}`, hint: 'without it nothing can be tuned; infinitile bench runs it alone' });
}
