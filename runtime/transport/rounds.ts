import type { InfinitileError } from '../../dsl/diagnostics/index.js';
import { groupLeft, ranksDisagree, ranksSilent } from './errors.js';

type Parts = readonly Uint8Array[];

/**
 * The gathers of a group, kept where all ranks' bytes come together. A rank's n-th gather meets the n-th of the others. The group is
 * lost with its first failure: what waits is rejected with it, and so is what comes later.
 */
export class Rounds {
  readonly #ranks: number;
  readonly #patience: number;
  readonly #onComplete: (parts: Parts) => void;
  readonly #lost = new AbortController();
  readonly #given: number[];
  readonly #open = new Map<number, Round>();
  #error: InfinitileError | undefined;
  #ended = false;

  /** @param patience milliseconds from a gather's first bytes to its last. */
  constructor(ranks: number, patience: number, onComplete: (parts: Parts) => void = () => undefined) {
    this.#ranks = ranks;
    this.#patience = patience;
    this.#onComplete = onComplete;
    this.#given = Array.from({ length: ranks }, () => 0);
  }

  /** Aborted, with the error, when the group is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether all ranks have come to the end of the group. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A rank's bytes, which it may change afterwards. Resolves with those of all. */
  give(rank: number, what: string, bytes: Uint8Array): Promise<Parts> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.reject(groupLeft(rank, what));
    const number = this.#given[rank] ?? 0;
    this.#given[rank] = number + 1;
    const round = this.#open.get(number) ?? this.#start(number, rank, what);
    if (round.what !== what) this.fail(mismatch(round, { rank, what }));
    round.parts.set(rank, new Uint8Array(bytes));
    if (round.parts.size === this.#ranks) this.#complete(number, round);
    return round.result;
  }

  /** Loses the group. Again, or after its end: nothing. */
  fail(error: InfinitileError): void {
    if (this.#error !== undefined || this.#ended) return;
    this.#error = error;
    for (const round of this.#open.values()) round.reject(error);
    this.#open.clear();
    this.#lost.abort(error);
  }

  #start(number: number, first: number, what: string): Round {
    const round = new Round(first, what, this.#patience, () => {
      const silent = Array.from({ length: this.#ranks }, (_, rank) => rank).filter((rank) => !round.parts.has(rank));
      this.fail(ranksSilent(silent, this.#patience, what));
    });
    this.#open.set(number, round);
    return round;
  }

  #complete(number: number, round: Round): void {
    if (this.#error !== undefined) return;
    this.#open.delete(number);
    this.#ended = round.what === theEnd;
    const parts = [...round.parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    this.#onComplete(parts);
    round.resolve(parts);
  }
}

/** What ranks gather for last, and nothing but that they have come so far. */
export const theEnd = 'the end of the group';

/** One gather, and who has given to it. */
class Round {
  readonly parts = new Map<number, Uint8Array>();
  readonly result: Promise<Parts>;
  #settle: { readonly resolve: (parts: Parts) => void; readonly reject: (error: InfinitileError) => void } | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly first: number,
    readonly what: string,
    patience: number,
    onSilence: () => void,
  ) {
    this.result = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Who has not come yet does not wait for it, and is told the next time.
    this.result.catch(() => undefined);
    this.#timer = setTimeout(onSilence, patience);
  }

  resolve(parts: Parts): void {
    clearTimeout(this.#timer);
    this.#settle?.resolve(parts);
  }

  reject(error: InfinitileError): void {
    clearTimeout(this.#timer);
    this.#settle?.reject(error);
  }
}

/** Ranks that meet in one gather and do not mean the same. */
export function mismatch(one: { readonly first: number; readonly what: string }, other: { readonly rank: number; readonly what: string }): InfinitileError {
  if (one.what === theEnd) return groupLeft(one.first, other.what);
  if (other.what === theEnd) return groupLeft(other.rank, one.what);
  return ranksDisagree([`rank ${one.first} gathers ${one.what}, rank ${other.rank} ${other.what}`], 'every rank gathers as often, and in the same order');
}

