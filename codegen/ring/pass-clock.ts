import { messageBytes } from './bytes.js';
import type { Cluster } from './cluster.js';
import { stepCount, stepOf } from './lower.js';
import { symbolOf } from './print.js';
import type { PassCosts } from './row-bytes.js';
import { linkOf, type Buffer, type Compute, type Merge, type Pass, type Receive, type Ring, type Step } from './schedule.js';
import { laneOf, tileLabel, type Span } from './timeline.js';

/** A pair costs 2 D flops forward, and 6 D backward: its logit again, and both products. */
const flopsPerPair: Readonly<Record<Pass, number>> = { forward: 2, backward: 6 };

export function tileFlops(pass: Pass, rows: number, cols: number, dim: number): number {
  return flopsPerPair[pass] * rows * cols * dim;
}

/** One pass on a cluster: what is priced, and how. */
export interface PricedPass {
  readonly ring: Ring;
  readonly pass: Pass;
  readonly costs: PassCosts;
  readonly cluster: Cluster;
  /** All ranks do the same at the same time: rank 0 stands for all. */
  readonly alike: boolean;
  /** Told of every tile and every message. */
  readonly observe?: (span: Span) => void;
}

/** When a buffer was last written, and last read. */
interface BufferTimes {
  written: number;
  read: number;
}

interface RankTimes {
  readonly buffers: Map<Buffer, BufferTimes>;
  /** By sender: when its link to this rank is free. */
  readonly links: Map<number, number>;
  /** When the rank has computed and merged all before. */
  computed: number;
  /** When all messages before have left and arrived. */
  exchanged: number;
  computeSeconds: number;
}

/** Follows a pass step by step. An event begins as soon as what it waits for is over; merges take no time. */
export class PassClock {
  /** When the last event is over. */
  seconds = 0;
  readonly #priced: PricedPass;
  readonly #ranks: readonly RankTimes[];

  private constructor(priced: PricedPass) {
    this.#priced = priced;
    this.#ranks = Array.from({ length: priced.alike ? 1 : priced.ring.ranks }, () => ({ buffers: new Map(), links: new Map(), computed: 0, exchanged: 0, computeSeconds: 0 }));
  }

  static run(priced: PricedPass): PassClock {
    const clock = new PassClock(priced);
    for (let step = 0; step < stepCount(priced.ring); step += 1) clock.#advance(step);
    return clock;
  }

  /** Of the rank with the most to compute. */
  get computeSeconds(): number {
    return this.#ranks.reduce((most, { computeSeconds }) => Math.max(most, computeSeconds), 0);
  }

  #advance(number: number): void {
    const { ring, pass } = this.#priced;
    const steps = new Map<number, Step>();
    const stepAt = (rank: number): Step => {
      const step = steps.get(rank) ?? stepOf(ring, pass, rank, number);
      steps.set(rank, step);
      return step;
    };
    this.#ranks.forEach((_, rank) => {
      for (const receive of stepAt(rank).receives) this.#transfer(rank, receive, stepAt(receive.from));
    });
    this.#ranks.forEach((_, rank) => {
      const { compute, merges } = stepAt(rank);
      if (compute !== undefined) this.#compute(rank, compute);
      for (const merge of merges) this.#merge(rank, merge);
    });
  }

  #transfer(rank: number, { content, from, into }: Receive, { sends }: Step): void {
    const { ring, pass, costs, cluster } = this.#priced;
    const send = sends.find(({ to, content: sent }) => to === rank && sent.kind === content.kind && sent.shard === content.shard);
    if (send === undefined) throw new Error(`rank ${from} does not send what rank ${rank} receives`);
    const [sender, receiver] = [this.#times(from), this.#times(rank)];
    const [source, target] = [buffer(sender, send.from), buffer(receiver, into)];
    const idle = cluster.overlap ? 0 : Math.max(sender.computed, receiver.computed);
    const begin = Math.max(source.written, target.written, target.read, receiver.links.get(from) ?? 0, idle);
    const { latencySeconds, bytesPerSecond } = cluster[linkOf(ring, from, rank)];
    const end = begin + latencySeconds + messageBytes(ring, content, costs.rowBytes[pass]) / bytesPerSecond;
    receiver.links.set(from, end);
    source.read = Math.max(source.read, end);
    target.written = end;
    for (const side of [sender, receiver]) side.exchanged = Math.max(side.exchanged, end);
    this.#happened({ rank: from, lane: laneOf(ring, content, from, rank), begin, end, label: symbolOf(content) });
  }

  #compute(rank: number, { rows, cols, keys, into }: Compute): void {
    const { pass, costs, cluster } = this.#priced;
    const times = this.#times(rank);
    const [source, target] = [buffer(times, keys), buffer(times, into)];
    const begin = Math.max(times.computed, source.written, target.written, target.read, cluster.overlap ? 0 : times.exchanged);
    const duration = tileFlops(pass, rows.count, cols.count, costs.dim) / cluster.flopsPerSecond;
    const end = begin + duration;
    source.read = Math.max(source.read, end);
    target.written = end;
    times.computed = end;
    times.computeSeconds += duration;
    this.#happened({ rank, lane: 'tiles', begin, end, label: tileLabel(cols.rank) });
  }

  #merge(rank: number, { from, into }: Merge): void {
    const times = this.#times(rank);
    const [source, target] = [buffer(times, from), buffer(times, into)];
    const end = Math.max(times.computed, source.written, target.written, target.read);
    source.read = Math.max(source.read, end);
    target.written = end;
    times.computed = end;
  }

  #happened(span: Span): void {
    this.seconds = Math.max(this.seconds, span.end);
    this.#priced.observe?.(span);
  }

  #times(rank: number): RankTimes {
    const times = this.#ranks[this.#priced.alike ? 0 : rank];
    if (times === undefined) throw new RangeError(`rank ${rank} of ${this.#ranks.length}`);
    return times;
  }
}

function buffer({ buffers }: RankTimes, name: Buffer): BufferTimes {
  const times = buffers.get(name) ?? { written: 0, read: 0 };
  buffers.set(name, times);
  return times;
}
