import { graphOf, inOrder, type RingEvent } from './events.js';
import { match } from './match.js';
import type { RingMistake } from './mistake.js';
import { printContent } from './print.js';
import { Replay } from './replay.js';
import type { Schedule } from './schedule.js';

export type Verification = Proof | Refusal;

/** What was shown of a schedule that holds. */
export interface Proof {
  readonly verified: true;
  /** Tiles: each pair of a row shard and a column shard, once. */
  readonly tiles: number;
  /** Messages: each sent and received once, in one order on each link. */
  readonly messages: number;
  readonly merges: number;
}

export interface Refusal {
  readonly verified: false;
  /** The first ones. */
  readonly mistakes: readonly RingMistake[];
}

/** More of them say no more. */
const mistakesTold = 8;

/**
 * Proves that a schedule computes each pair of a row shard and a column shard once; that every buffer is written before it is read and
 * read before it is written again, by sends on their way too; that each send has its receive, of the same content, in the same step, in
 * one order on each link; that no events wait for each other; and that the sums of all keys come home with each rank's rows in
 * them once. Or tells the first mistakes.
 *
 * The events that may happen at the same time share no buffer that one of them writes, so one order stands for all.
 */
export function verify(schedule: Schedule): Verification {
  const shape = shapeMistakes(schedule);
  if (shape.length > 0) return refusal(shape);
  const { transfers, mistakes } = match(schedule);
  if (mistakes.length > 0) return refusal(mistakes);
  const { ordered, stuck } = inOrder(graphOf(schedule, transfers));
  if (stuck.length > 0) return refusal(stuck.map(waitsForever));
  const replay = new Replay(schedule);
  for (const event of ordered) replay.apply(event);
  // What is left at the end is worth telling only where nothing went wrong on the way.
  if (replay.mistakes.length === 0) replay.finish();
  if (replay.mistakes.length > 0) return refusal(replay.mistakes);
  const counted = (kind: RingEvent['kind']): number => ordered.filter((event) => event.kind === kind).length;
  return { verified: true, tiles: counted('compute'), messages: counted('transfer'), merges: counted('merge') };
}

function shapeMistakes({ ring, steps }: Schedule): readonly RingMistake[] {
  if (steps.length !== ring.ranks) return [{ rank: steps.length, step: 0, reason: `the schedule has ${steps.length} of ${ring.ranks} ranks` }];
  const count = steps[0]?.length ?? 0;
  return steps.flatMap((ofRank, rank) => (ofRank.length === count ? [] : [{ rank, step: ofRank.length, reason: `it has ${ofRank.length} steps, rank 0 has ${count}` }]));
}

function waitsForever(event: RingEvent): RingMistake {
  const { step } = event;
  switch (event.kind) {
    case 'transfer':
      return { rank: event.from, step, reason: `the message of ${printContent(event.send.content)} to rank ${event.to} waits for what waits for it` };
    case 'compute':
      return { rank: event.rank, step, reason: `its tile with the keys of rank ${event.compute.cols.rank} waits for what waits for it` };
    case 'merge':
      return { rank: event.rank, step, reason: `its merge into ${event.merge.into} waits for what waits for it` };
  }
}

function refusal(mistakes: readonly RingMistake[]): Refusal {
  return { verified: false, mistakes: [...mistakes].sort((a, b) => a.step - b.step || a.rank - b.rank).slice(0, mistakesTold) };
}
