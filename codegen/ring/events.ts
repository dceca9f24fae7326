import type { Transfer } from './match.js';
import type { Buffer, Compute, Merge, Schedule } from './schedule.js';

/** What happens while a schedule is carried out. */
export type RingEvent = Transfer | ComputeEvent | MergeEvent;

export interface ComputeEvent {
  readonly kind: 'compute';
  readonly rank: number;
  readonly step: number;
  readonly compute: Compute;
}

export interface MergeEvent {
  readonly kind: 'merge';
  readonly rank: number;
  readonly step: number;
  readonly merge: Merge;
}

/** Events, and for each those that wait for it. */
export interface EventGraph {
  readonly events: readonly RingEvent[];
  readonly waiting: readonly (readonly number[])[];
}

interface BufferUse {
  lastWrite?: number;
  readsSince: number[];
}

/**
 * Who waits for whom. A rank's tiles and merges follow each other, as do the messages of a link. A read waits for the write before it;
 * a write waits for the write and the reads before it: so a buffer in a send that is still on its way is not written.
 */
export function graphOf({ steps }: Schedule, transfers: readonly Transfer[]): EventGraph {
  const events: RingEvent[] = [];
  const waiting: number[][] = [];
  const add = (event: RingEvent): number => {
    waiting.push([]);
    return events.push(event) - 1;
  };
  const wait = (event: number, forEvent: number | undefined): void => {
    if (forEvent !== undefined && forEvent !== event) waiting[forEvent]?.push(event);
  };

  const posted = byRankAndStep(steps, transfers.map((transfer) => ({ transfer, event: add(transfer) })));
  const lastOfLink = new Map<number, number>();
  transfers.forEach(({ from, to }, event) => {
    const link = from * steps.length + to;
    wait(event, lastOfLink.get(link));
    lastOfLink.set(link, event);
  });

  steps.forEach((ofRank, rank) => {
    const uses = new Map<Buffer, BufferUse>();
    const use = (buffer: Buffer): BufferUse => {
      const found = uses.get(buffer) ?? { readsSince: [] };
      uses.set(buffer, found);
      return found;
    };
    const read = (event: number, buffer: Buffer): void => {
      const used = use(buffer);
      wait(event, used.lastWrite);
      used.readsSince.push(event);
    };
    const write = (event: number, buffer: Buffer): void => {
      const used = use(buffer);
      wait(event, used.lastWrite);
      for (const reader of used.readsSince) wait(event, reader);
      used.lastWrite = event;
      used.readsSince = [];
    };
    let before: number | undefined;
    const follow = (event: RingEvent): number => {
      const id = add(event);
      wait(id, before);
      before = id;
      return id;
    };
    ofRank.forEach(({ compute, merges }, step) => {
      const { sent, received } = posted[rank]?.[step] ?? { sent: [], received: [] };
      for (const { event, transfer } of sent) read(event, transfer.send.from);
      for (const { event, transfer } of received) write(event, transfer.receive.into);
      if (compute !== undefined) {
        const event = follow({ kind: 'compute', rank, step, compute });
        read(event, compute.keys);
        write(event, compute.into);
      }
      for (const merge of merges) {
        const event = follow({ kind: 'merge', rank, step, merge });
        read(event, merge.from);
        write(event, merge.into);
      }
    });
  });
  return { events, waiting };
}

interface PostedTransfer {
  readonly transfer: Transfer;
  readonly event: number;
}

interface PostedInStep {
  readonly sent: PostedTransfer[];
  readonly received: PostedTransfer[];
}

function byRankAndStep(steps: Schedule['steps'], transfers: readonly PostedTransfer[]): readonly (readonly PostedInStep[])[] {
  const posted = steps.map((ofRank) => ofRank.map((): PostedInStep => ({ sent: [], received: [] })));
  for (const made of transfers) {
    const { from, to, step } = made.transfer;
    posted[from]?.[step]?.sent.push(made);
    posted[to]?.[step]?.received.push(made);
  }
  return posted;
}

/** The events in an order in which none waits for a later one, and those that have no place in it: they wait for each other. */
export function inOrder({ events, waiting }: EventGraph): { readonly ordered: readonly RingEvent[]; readonly stuck: readonly RingEvent[] } {
  const open = new Int32Array(events.length);
  for (const waiters of waiting) for (const waiter of waiters) open[waiter] = (open[waiter] ?? 0) + 1;
  const order: number[] = [];
  open.forEach((count, event) => count === 0 && order.push(event));
  for (let i = 0; i < order.length; i += 1) {
    for (const waiter of waiting[order[i] ?? 0] ?? []) {
      const left = (open[waiter] ?? 0) - 1;
      open[waiter] = left;
      if (left === 0) order.push(waiter);
    }
  }
  return {
    ordered: order.flatMap((event) => events[event] ?? []),
    stuck: events.filter((_, event) => (open[event] ?? 0) > 0),
  };
}
