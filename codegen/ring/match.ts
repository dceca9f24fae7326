import type { RingMistake } from './mistake.js';
import { printContent } from './print.js';
import type { Content, Receive, Schedule, Send } from './schedule.js';

/** A message: a send and its receive. */
export interface Transfer {
  readonly kind: 'transfer';
  readonly step: number;
  readonly from: number;
  readonly to: number;
  readonly send: Send;
  readonly receive: Receive;
}

export interface Matching {
  readonly transfers: readonly Transfer[];
  readonly mistakes: readonly RingMistake[];
}

interface Posted<T> {
  readonly rank: number;
  readonly step: number;
  readonly move: T;
}

interface Channel {
  readonly from: number;
  readonly to: number;
  readonly sends: Posted<Send>[];
  readonly receives: Posted<Receive>[];
}

/** Pairs the sends of one rank to another with that one's receives, in the order in which they are posted: transports have no other. */
export function match(schedule: Schedule): Matching {
  const mistakes: RingMistake[] = [];
  const transfers: Transfer[] = [];
  for (const { from, to, sends, receives } of channelsOf(schedule, mistakes)) {
    for (let i = 0; i < Math.max(sends.length, receives.length); i += 1) {
      const [sent, received] = [sends[i], receives[i]];
      const mistake = mistakeIn(sent, received);
      if (mistake !== undefined) {
        // What follows on this link is shifted: it would only repeat this mistake.
        mistakes.push(mistake);
        break;
      }
      if (sent !== undefined && received !== undefined) transfers.push({ kind: 'transfer', step: sent.step, from, to, send: sent.move, receive: received.move });
    }
  }
  return { transfers, mistakes };
}

function channelsOf({ ring, steps }: Schedule, mistakes: RingMistake[]): Iterable<Channel> {
  const channels = new Map<number, Channel>();
  const channel = (from: number, to: number): Channel => {
    const key = from * ring.ranks + to;
    const found = channels.get(key) ?? { from, to, sends: [], receives: [] };
    channels.set(key, found);
    return found;
  };
  const isPeer = (peer: number, rank: number): boolean => Number.isInteger(peer) && peer >= 0 && peer < ring.ranks && peer !== rank;
  steps.forEach((ofRank, rank) => ofRank.forEach(({ sends, receives }, step) => {
    for (const move of sends) {
      if (isPeer(move.to, rank)) channel(rank, move.to).sends.push({ rank, step, move });
      else mistakes.push({ rank, step, reason: `sends ${printContent(move.content)} to rank ${move.to}, which is no other rank of the ring` });
    }
    for (const move of receives) {
      if (isPeer(move.from, rank)) channel(move.from, rank).receives.push({ rank, step, move });
      else mistakes.push({ rank, step, reason: `receives ${printContent(move.content)} from rank ${move.from}, which is no other rank of the ring` });
    }
  }));
  return channels.values();
}

function mistakeIn(sent: Posted<Send> | undefined, received: Posted<Receive> | undefined): RingMistake | undefined {
  if (sent !== undefined && received !== undefined) return disagreement(sent, received);
  if (sent !== undefined) return { rank: sent.rank, step: sent.step, reason: `sends ${printContent(sent.move.content)} to rank ${sent.move.to}, which does not receive it` };
  if (received !== undefined) return { rank: received.rank, step: received.step, reason: `receives ${printContent(received.move.content)} from rank ${received.move.from}, which does not send it` };
  return undefined;
}

function disagreement(sent: Posted<Send>, { rank, step, move }: Posted<Receive>): RingMistake | undefined {
  if (!isSame(sent.move.content, move.content)) {
    return { rank, step, reason: `receives ${printContent(move.content)} where rank ${sent.rank} sends ${printContent(sent.move.content)} (its step ${sent.step})` };
  }
  if (sent.step !== step) return { rank, step, reason: `receives ${printContent(move.content)}, which rank ${sent.rank} sends in step ${sent.step}` };
  return undefined;
}

function isSame(a: Content, b: Content): boolean {
  return a.kind === b.kind && a.shard === b.shard;
}
