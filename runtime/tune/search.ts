import type { Knowledge } from './knowledge.js';
import { quartiles } from './quartiles.js';

/** What the search wants to know next. */
export type Ask =
  /** Time the usual tiling and these, one after the other. */
  | { readonly kind: 'round'; readonly ids: readonly string[] }
  /** Compare its results with fp64. */
  | { readonly kind: 'check'; readonly id: string };

/** What is searched. Candidates are named by their ids. */
export interface Course {
  /** What runs when nothing is tuned. */
  readonly usual: string;
  /** Candidates that are timed whatever comes, the most promising first; without the usual one. */
  readonly pool: readonly string[];
  /** Candidates next to one, the most promising first. */
  readonly neighbours: (id: string) => readonly string[];
  /** Whether it is a candidate: others may have measured some that this search has not met. */
  readonly has: (id: string) => boolean;
}

/** Rounds that a candidate has had on each rung; of those on one rung the best third goes on to the next. */
const rungs = [1, 3, 7] as const;
const mostRounds = 7;
const keptPart = 3;
const leastKept = 2;

/** With fewer rounds nothing wins. */
export const decisiveRounds = 5;

/** Candidates in a round: the usual tiling is timed again before the machine has become another. */
const inTurns = 4;

/** What times differ by on a machine at rest, as a part of them; and what is taken for it until they were seen to differ. */
const leastNoise = 0.01;
const unknownNoise = 0.05;

/**
 * Successive halving, then steps from the leader to its neighbours. What is asked next, and what wins, follows from what is known
 * alone: a search goes on from the measurements of others, or of an earlier one, as if they were its own.
 */
export class Search {
  readonly #course: Course;
  readonly #known: Knowledge;

  constructor(course: Course, known: Knowledge) {
    this.#course = course;
    this.#known = known;
  }

  /** Undefined when nothing that is left to ask would change who wins. */
  next(): Ask | undefined {
    const { usual, pool, neighbours } = this.#course;
    if (this.#known.usual.length === 0) return { kind: 'round', ids: [] };
    const seen = new Set([usual]);
    for (let wave = pool; ; ) {
      for (const id of wave) seen.add(id);
      const round = this.#race(wave, this.#leader(seen));
      if (round !== undefined) return round;
      const leader = this.#leader(seen);
      if (leader !== usual && this.#known.error(leader) === undefined) return { kind: 'check', id: leader };
      wave = neighbours(leader).filter((id) => !seen.has(id) && !this.#known.failed(id));
      if (wave.length === 0) return undefined;
    }
  }

  /** What the most promising of those that were timed still needs to win; undefined when that is decided. For a search that has to end. */
  closing(): Ask | undefined {
    const rung = (id: string): number => rungs.filter((rounds) => this.#known.rounds(id) >= rounds).length;
    const promising = this.#alive(this.#known.timed).filter((id) => this.#ratio(id) < 1);
    const [best] = promising.sort((a, b) => rung(b) - rung(a) || this.#compare(a, b));
    if (best === undefined) return undefined;
    if (this.#known.rounds(best) < decisiveRounds) return { kind: 'round', ids: [best] };
    return this.#known.error(best) === undefined ? { kind: 'check', id: best } : undefined;
  }

  /** The fastest that is right, and faster than the usual tiling in three of four rounds at least; else the usual one. */
  best(): string {
    const eligible = this.#alive(this.#known.timed).filter((id) => this.#known.rounds(id) >= decisiveRounds && this.#known.error(id) !== undefined && (this.#known.ratio(id)?.high ?? 1) < 1);
    return this.#fastest(eligible) ?? this.#course.usual;
  }

  /** The fastest so far, decided or not, with its time by that of the usual tiling; undefined until one was faster. */
  leading(): { readonly id: string; readonly ratio: number } | undefined {
    const id = this.#fastest(this.#alive(this.#known.timed));
    const ratio = id === undefined ? 1 : this.#ratio(id);
    return id === undefined || ratio >= 1 ? undefined : { id, ratio };
  }

  /** The next round of a wave: those that lack rounds on the rung that they have reached. Undefined when all are where they end. */
  #race(wave: readonly string[], leader: string): Ask | undefined {
    let members = this.#alive(wave);
    for (const rounds of rungs) {
      const short = members.filter((id) => this.#known.rounds(id) < rounds);
      if (short.length > 0) return { kind: 'round', ids: short.slice(0, inTurns) };
      const least = Math.min(leader === this.#course.usual ? 1 : this.#ratio(leader), ...members.map((id) => this.#ratio(id, rounds)));
      const promising = members.filter((id) => this.#ratio(id, rounds) <= least * this.#margin(rounds));
      members = promising.sort((a, b) => this.#compare(a, b, rounds)).slice(0, Math.max(leastKept, Math.ceil(members.length / keptPart)));
    }
    return undefined;
  }

  /** The fastest of those that have had all rounds. */
  #leader(seen: ReadonlySet<string>): string {
    const finished = this.#alive([...seen]).filter((id) => this.#known.rounds(id) >= mostRounds && this.#ratio(id) < 1);
    return this.#fastest(finished) ?? this.#course.usual;
  }

  #fastest(ids: readonly string[]): string | undefined {
    return [...ids].sort((a, b) => this.#compare(a, b))[0];
  }

  /** By names where times are equal: the order never depends on who was timed first. */
  #compare(a: string, b: string, rounds?: number): number {
    return this.#ratio(a, rounds) - this.#ratio(b, rounds) || (a < b ? -1 : 1);
  }

  #ratio(id: string, rounds?: number): number {
    return this.#known.ratio(id, rounds)?.median ?? Infinity;
  }

  #alive(ids: readonly string[]): string[] {
    return ids.filter((id) => id !== this.#course.usual && this.#course.has(id) && !this.#known.failed(id));
  }

  /** Slower than the fastest by more than this, after so many rounds, a candidate will not turn out to be the fastest. */
  #margin(rounds: number): number {
    const { usual } = this.#known;
    const { median, low, high } = usual.length < 3 ? { median: 1, low: 1, high: 1 + unknownNoise } : quartiles(usual);
    return 1 + (2 * Math.max(leastNoise, (high - low) / median)) / Math.sqrt(rounds);
  }
}
