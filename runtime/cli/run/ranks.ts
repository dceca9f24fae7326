import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Communicator } from '../../transport/communicator.js';
import { connect } from '../../transport/connect.js';
import { detectLaunch } from '../../transport/environment.js';
import { connectLocal } from '../../transport/local.js';
import { diagnosticsOf, ToldByFirstRank } from '../failure.js';
import { Interrupted } from '../interrupt.js';
import type { RankFlags } from './flags.js';

/**
 * Does a rank's work: on as many ranks of this process as asked for, else as the one that the launcher made of it. Gives what rank 0 has,
 * where that is here. When a rank fails, so do the others, and the person at the terminal is told once.
 */
export async function onRanks<T>(flags: RankFlags, work: (ring: Communicator) => Promise<T>): Promise<T | undefined> {
  const patience = flags.patience * 1000;
  if (flags.ranks !== undefined) {
    checkNoLauncher(flags.ranks);
    return together(connectLocal(flags.ranks, { patience }), work);
  }
  const ring = await connect({ patience, shareGpu: flags.shareGpu === true });
  try {
    return await together([ring], work);
  } catch (error) {
    throw ring.rank > 0 && isTold(error) ? new ToldByFirstRank(error) : error;
  }
}

async function together<T>(rings: readonly Communicator[], work: (ring: Communicator) => Promise<T>): Promise<T | undefined> {
  const failures: unknown[] = [];
  const results = await Promise.all(
    rings.map(async (ring) => {
      try {
        return await work(ring);
      } catch (error) {
        failures.push(error);
        ring.abort(error);
        return undefined;
      } finally {
        await ring.close().catch((error: unknown) => failures.push(error));
      }
    }),
  );
  // The others failed because the first did.
  if (failures.length > 0) throw failures[0];
  return rings[0]?.rank === 0 ? results[0] : undefined;
}

/** Whether rank 0 has it too, or has heard of it. A mistake of ours is told where it is made. */
function isTold(error: unknown): boolean {
  return error instanceof Interrupted || diagnosticsOf(error) !== undefined;
}

function checkNoLauncher(ranks: number): void {
  const { launcher } = detectLaunch();
  if (launcher === 'none') return;
  throw new InfinitileError({ code: 'INF8004', message: `--ranks ${ranks} is of one process; ${launcher} has made this one a rank of its own`, hint: 'leave --ranks out: there are as many ranks as it starts' });
}
