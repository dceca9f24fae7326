import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { Ring, Shard } from './schedule.js';

/** What a ring is made of. */
export interface RingRequest {
  readonly ranks: number;
  /** 1, unless said. */
  readonly nodes?: number;
  /** 2, unless said. */
  readonly inFlight?: number;
  /** Queries on each rank. A rank may have none. */
  readonly rows: readonly number[];
  /** Keys on each rank. A rank may have none. */
  readonly cols: readonly number[];
}

/** Beyond it a step's message would be shorter than its header. */
export const largestRing = 65_536;

/**
 * Numbers the shards' rows and columns, rank after rank.
 *
 * Throws an InfinitileError (INF3201) with all that is wrong with the request.
 */
export function layOut({ ranks, nodes = 1, inFlight = 2, rows, cols }: RingRequest): Ring {
  const mistakes = isCount(ranks) && ranks <= largestRing ? [...nodeMistakes(ranks, nodes), ...shardMistakes('rows', rows, ranks), ...shardMistakes('cols', cols, ranks)] : [mistake(`a ring of ${ranks} ranks`, `it has 1 to ${largestRing} ranks`)];
  if (!isCount(inFlight) || inFlight < 2) mistakes.push(mistake(`inFlight is ${inFlight}: every rank would wait for the next to free its only buffer`, 'a ring has 2 or more shards of keys in flight: one that is used, one that arrives'));
  if (mistakes.length > 0) throw new InfinitileError(mistakes);
  return { ranks, nodes, inFlight, rows: numbered(rows), cols: numbered(cols) };
}

/** `total` in `parts` counts that differ by one at most, the larger ones first. */
export function splitEvenly(total: number, parts: number): readonly number[] {
  const [least, more] = [Math.floor(total / parts), total % parts];
  return Array.from({ length: parts }, (_, part) => least + (part < more ? 1 : 0));
}

function nodeMistakes(ranks: number, nodes: number): Diagnostic[] {
  if (isCount(nodes) && ranks % nodes === 0) return [];
  return [mistake(`${ranks} ranks are not equally many on each of ${nodes} nodes`, `nodes that divide them: ${divisorsOf(ranks).join(', ')}`)];
}

function shardMistakes(side: 'rows' | 'cols', counts: readonly number[], ranks: number): Diagnostic[] {
  if (counts.length !== ranks) return [mistake(`${side}: ${counts.length} ${counts.length === 1 ? 'shard' : 'shards'} for ${ranks} ${ranks === 1 ? 'rank' : 'ranks'}`, 'each rank has a shard, if of 0 rows')];
  const wrong = counts.findIndex((count) => !Number.isInteger(count) || count < 0);
  if (wrong >= 0) return [mistake(`${side} of rank ${wrong}: ${counts[wrong] ?? ''} is no number of rows`, 'a whole number from 0 is needed')];
  return counts.every((count) => count === 0) ? [mistake(`no rank has any ${side}`, 'at least one shard has rows')] : [];
}

function numbered(counts: readonly number[]): readonly Shard[] {
  let first = 0;
  return counts.map((count, rank) => {
    const shard = { rank, first, count };
    first += count;
    return shard;
  });
}

function divisorsOf(ranks: number): readonly number[] {
  return Array.from({ length: ranks }, (_, i) => i + 1).filter((nodes) => ranks % nodes === 0);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function mistake(message: string, hint: string): Diagnostic {
  return { code: 'INF3201', message, hint };
}
