import type { ComputeEvent, MergeEvent, RingEvent } from './events.js';
import type { Transfer } from './match.js';
import type { RingMistake } from './mistake.js';
import { printContent } from './print.js';
import { sumKindOf, type Buffer, type Content, type Schedule } from './schedule.js';

/** What a buffer holds. */
interface Holding {
  readonly content: Content;
  /** Of sums: the ranks whose rows are in them, one bit a rank. */
  readonly ranks: bigint;
  read: boolean;
  /** When it was written. */
  readonly step: number;
}

/** Follows what each buffer holds through the events, in an order that they may happen in. */
export class Replay {
  readonly mistakes: RingMistake[] = [];
  readonly #schedule: Schedule;
  /** By rank. */
  readonly #buffers: readonly Map<Buffer, Holding>[];
  /** By rank: which shards of keys its rows have met, one bit a shard. */
  readonly #met: bigint[];

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#buffers = schedule.steps.map((_, rank) => new Map([['own', { content: { kind: 'keys', shard: rank }, ranks: 0n, read: true, step: 0 }]]));
    this.#met = schedule.steps.map(() => 0n);
  }

  apply(event: RingEvent): void {
    switch (event.kind) {
      case 'transfer':
        this.#transfer(event);
        break;
      case 'compute':
        this.#compute(event);
        break;
      case 'merge':
        this.#merge(event);
    }
  }

  /** After the last event: everything computed, everything home, nothing left over. */
  finish(): void {
    const all = (1n << BigInt(this.#schedule.ring.ranks)) - 1n;
    const sums = sumKindOf(this.#schedule.pass);
    this.#buffers.forEach((buffers, rank) => {
      const last = (this.#schedule.steps[rank]?.length ?? 1) - 1;
      const missing = bitsOf(all & ~(this.#met[rank] ?? 0n));
      if (missing.length > 0) this.#tell(rank, last, `its rows have not met the keys of ${ranksIn(missing)}`);
      const result = buffers.get('result');
      if (result === undefined) this.#tell(rank, last, `the ${sums} of its keys do not come home`);
      else if (result.content.kind !== sums || result.content.shard !== rank) this.#tell(rank, result.step, `what comes home is ${printContent(result.content)}, not the ${sums} of its own keys`);
      else if (result.ranks !== all) this.#tell(rank, result.step, `the ${sums} of its keys come home without the rows of ${ranksIn(bitsOf(all & ~result.ranks))}`);
      for (const [buffer, { content, read, step }] of buffers) {
        if (!read && buffer !== 'result') this.#tell(rank, step, `writes ${printContent(content)} to ${buffer}, which nothing reads`);
      }
    });
  }

  #transfer({ from, to, step, send, receive }: Transfer): void {
    const held = this.#read(from, step, send.from, send.content, 'sends');
    if (held !== undefined) this.#write(to, step, receive.into, { content: send.content, ranks: held.ranks, read: false, step });
  }

  #compute({ rank, step, compute: { rows, cols, keys, into } }: ComputeEvent): void {
    const { ring, pass } = this.#schedule;
    const [own, shard] = [ring.rows[rank], ring.cols[cols.rank]];
    if (own === undefined || rows.rank !== rank || rows.first !== own.first || rows.count !== own.count) this.#tell(rank, step, `computes with rows [${rows.first}, ${rows.first + rows.count}) of rank ${rows.rank}, which are not its own`);
    if (shard === undefined || cols.first !== shard.first || cols.count !== shard.count) this.#tell(rank, step, `computes columns [${cols.first}, ${cols.first + cols.count}), which are not those of rank ${cols.rank}`);
    this.#read(rank, step, keys, { kind: 'keys', shard: cols.rank }, 'computes with');
    const bit = 1n << BigInt(cols.rank);
    const met = this.#met[rank] ?? 0n;
    if ((met & bit) !== 0n) this.#tell(rank, step, `computes with the keys of rank ${cols.rank} a second time`);
    this.#met[rank] = met | bit;
    this.#write(rank, step, into, { content: { kind: sumKindOf(pass), shard: cols.rank }, ranks: 1n << BigInt(rank), read: false, step });
  }

  #merge({ rank, step, merge: { shard, from, into } }: MergeEvent): void {
    const content = { kind: sumKindOf(this.#schedule.pass), shard };
    const [added, sum] = [this.#read(rank, step, from, content, 'merges'), this.#read(rank, step, into, content, 'merges')];
    if (added === undefined || sum === undefined) return;
    const twice = bitsOf(added.ranks & sum.ranks);
    if (twice.length > 0) this.#tell(rank, step, `merges the rows of ${ranksIn(twice)} into ${printContent(content)} a second time`);
    this.#write(rank, step, into, { content, ranks: added.ranks | sum.ranks, read: false, step });
  }

  #read(rank: number, step: number, buffer: Buffer, wanted: Content, verb: string): Holding | undefined {
    const held = this.#buffers[rank]?.get(buffer);
    if (held?.content.kind === wanted.kind && held.content.shard === wanted.shard) {
      held.read = true;
      return held;
    }
    this.#tell(rank, step, `${verb} ${printContent(wanted)} from ${buffer}, which ${held === undefined ? 'is not written yet' : `holds ${printContent(held.content)}`}`);
    return undefined;
  }

  #write(rank: number, step: number, buffer: Buffer, holding: Holding): void {
    const buffers = this.#buffers[rank];
    const before = buffers?.get(buffer);
    if (buffer === 'own') this.#tell(rank, step, `writes ${printContent(holding.content)} over its own keys`);
    else if (before?.read === false) this.#tell(rank, step, `writes ${printContent(holding.content)} to ${buffer}, where nothing has read ${printContent(before.content)} yet`);
    buffers?.set(buffer, holding);
  }

  #tell(rank: number, step: number, reason: string): void {
    this.mistakes.push({ rank, step, reason });
  }
}

function bitsOf(bits: bigint): readonly number[] {
  const set: number[] = [];
  for (let i = 0, rest = bits; rest > 0n; i += 1, rest >>= 1n) if ((rest & 1n) === 1n) set.push(i);
  return set;
}

function ranksIn(ranks: readonly number[]): string {
  const named = ranks.slice(0, 4).join(', ');
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${named}${ranks.length > 4 ? ` and ${ranks.length - 4} more` : ''}`;
}
