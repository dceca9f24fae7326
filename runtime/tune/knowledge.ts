import type { Failure, Measurement } from './measurement.js';
import { quartiles, type Quartiles } from './quartiles.js';

/** A candidate and the usual tiling, timed one after the other. */
interface Pair {
  readonly ms: number;
  readonly usual: number;
}

/** Times of the usual tiling until there are so many tell nothing of what is usual. */
const fewestTold = 5;

/** All that was measured of a problem's candidates, in the order in which it was. */
export class Knowledge {
  readonly #usual: number[] = [];
  #fences: readonly [least: number, most: number] | undefined;
  readonly #pairs = new Map<string, Pair[]>();
  readonly #errors = new Map<string, number>();
  readonly #failures = new Map<string, Failure>();

  constructor(measurements: Iterable<Measurement> = []) {
    for (const measurement of measurements) this.add(measurement);
  }

  add(measurement: Measurement): void {
    switch (measurement.kind) {
      case 'round':
        this.#usual.push(measurement.usual);
        this.#fences = undefined;
        for (const [id, ms] of Object.entries(measurement.times)) this.#pairsOf(id).push({ ms, usual: measurement.usual });
        break;
      case 'check': {
        const { id, error, worst } = measurement;
        if (error !== null && error <= 1) this.#errors.set(id, error);
        else this.#failures.set(id, { kind: 'failure', id, stage: 'check', reason: error === null ? `${worst} is not a number` : `${worst} is off by ${error.toPrecision(3)} times what is allowed` });
        break;
      }
      case 'failure':
        this.#failures.set(measurement.id, measurement);
    }
  }

  /** Times of the usual tiling. */
  get usual(): readonly number[] {
    return this.#usual;
  }

  /** Candidates that were timed, failed or not. */
  get timed(): readonly string[] {
    return [...this.#pairs.keys()];
  }

  get failures(): readonly Failure[] {
    return [...this.#failures.values()];
  }

  failed(id: string): boolean {
    return this.#failures.has(id);
  }

  /** How often it was timed. */
  rounds(id: string): number {
    return this.#pairs.get(id)?.length ?? 0;
  }

  times(id: string): readonly number[] {
    return this.#pairs.get(id)?.map(({ ms }) => ms) ?? [];
  }

  /**
   * Its time by that of the usual tiling, over its first rounds or all of them. Undefined of one that was not timed. A time of the usual
   * tiling that stands far from the others was disturbed: it counts as the nearest that does not, or the whole round would look fast.
   */
  ratio(id: string, rounds = Infinity): Quartiles | undefined {
    const pairs = this.#pairs.get(id)?.slice(0, rounds) ?? [];
    const [least, most] = (this.#fences ??= fencesOf(this.#usual));
    return pairs.length === 0 ? undefined : quartiles(pairs.map(({ ms, usual }) => ms / Math.min(most, Math.max(least, usual))));
  }

  /** Undefined of one that was not checked, or is wrong. */
  error(id: string): number | undefined {
    return this.#errors.get(id);
  }

  #pairsOf(id: string): Pair[] {
    const known = this.#pairs.get(id);
    if (known !== undefined) return known;
    const made: Pair[] = [];
    this.#pairs.set(id, made);
    return made;
  }
}

/** Tukey's: one and a half of the middle half's width beyond its ends. */
function fencesOf(times: readonly number[]): readonly [least: number, most: number] {
  if (times.length < fewestTold) return [0, Infinity];
  const { low, high } = quartiles(times);
  const reach = 1.5 * (high - low);
  return [low - reach, high + reach];
}
