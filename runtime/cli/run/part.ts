import { splitEvenly } from '../../../codegen/ring/layout.js';
import type { Communicator } from '../../transport/communicator.js';

/** The rows (columns) [first, first + count) of `total`: those of one rank. */
export interface Part {
  readonly first: number;
  readonly count: number;
  readonly total: number;
}

/** The part of a rank, where all are shared out evenly, rank after rank. */
export function partOf(total: number, { rank, ranks }: Pick<Communicator, 'rank' | 'ranks'>): Part {
  const counts = splitEvenly(total, ranks);
  return { first: counts.slice(0, rank).reduce((sum, count) => sum + count, 0), count: counts[rank] ?? 0, total };
}
