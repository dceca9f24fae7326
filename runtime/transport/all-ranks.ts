import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Communicator } from './communicator.js';

/** A rank of this process, with what it works on. */
export interface RankHere {
  readonly ring: Pick<Communicator, 'abort'>;
}

/**
 * Does the work of ranks of this process side by side; what each gives, in their order. When one fails, the others hear of it; once none
 * works any more, the error of one that failed by itself is thrown.
 */
export async function onAllRanks<R extends RankHere, T>(ranks: readonly R[], work: (rank: R) => Promise<T>): Promise<readonly T[]> {
  const failures: unknown[] = [];
  const results = await Promise.allSettled(
    ranks.map(async (rank) => {
      try {
        return await work(rank);
      } catch (error) {
        failures.push(error);
        // The others know it where it is of another rank.
        if (!isConsequence(error)) rank.ring.abort(error);
        throw error;
      }
    }),
  );
  if (failures.length > 0) throw failures.find((error) => !isConsequence(error)) ?? failures[0];
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Whether it tells of another rank. */
function isConsequence(error: unknown): boolean {
  return error instanceof InfinitileError && error.diagnostics.every(({ code }) => code === 'INF7101');
}
