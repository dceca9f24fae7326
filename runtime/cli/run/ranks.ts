import { setTimeout as delay } from 'node:timers/promises';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import { loadAddon } from '../../addon.js';
import { deviceOf } from '../../device/choose-target.js';
import { onAllRanks } from '../../transport/all-ranks.js';
import type { Communicator } from '../../transport/communicator.js';
import { connect } from '../../transport/connect.js';
import { detectLaunch } from '../../transport/environment.js';
import { takeGpu } from '../../transport/gpu-of-rank.js';
import { connectLocal } from '../../transport/local.js';
import { OnGpu } from '../../transport/on-gpu.js';
import { diagnosticsOf } from '../failure.js';
import { Interrupted } from '../interrupt.js';
import { ToldByFirstRank } from '../told-by-first-rank.js';
import type { RankFlags } from './flags.js';

/**
 * Does a rank's work: on as many ranks of this process as asked for, else as the one that the launcher made of it. Gives what rank 0 has,
 * where that is here. When a rank fails, so do the others, and the person at the terminal is told once: by rank 0, else by rank 1.
 */
export async function onRanks<T>(flags: RankFlags, work: (ring: Communicator) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { target = 'cpu', transport, shareGpu = false } = flags;
  const patience = flags.patience * 1000;
  if (flags.ranks !== undefined) {
    checkHere(flags.ranks, transport);
    return together(await connectHere(flags.ranks, { target, patience, shareGpu }), work);
  }
  const ring = await connect({ target, patience, shareGpu, ...(transport === undefined ? {} : { transport }) });
  try {
    return await together([ring], work);
  } catch (error) {
    if (ring.rank === 0 || !isTold(error)) throw error;
    // A launcher ends all ranks when one ends with a failure: rank 0 has to say why first.
    const told = new ToldByFirstRank(error);
    await delay(ring.rank === 1 ? farewell : 2 * farewell, undefined, { signal }).catch(() => Promise.reject(told));
    // Rank 0 has ended nobody: it may be the one that stands still.
    throw ring.rank === 1 ? error : told;
  }
}

/** Milliseconds. */
const farewell = 1500;

async function together<T>(rings: readonly Communicator[], work: (ring: Communicator) => Promise<T>): Promise<T | undefined> {
  try {
    const [first] = await onAllRanks(
      rings.map((ring) => ({ ring })),
      async ({ ring }) => {
        const result = await work(ring);
        await ring.close();
        return result;
      },
    );
    return rings[0]?.rank === 0 ? first : undefined;
  } finally {
    // What failed has been told already.
    await Promise.allSettled(rings.map((ring) => ring.close()));
  }
}

/** Whether rank 0 has it too, or has heard of it. A mistake of ours is told where it is made. */
function isTold(error: unknown): boolean {
  return error instanceof Interrupted || diagnosticsOf(error) !== undefined;
}

export interface RanksHere {
  readonly target: string;
  /** Milliseconds. */
  readonly patience: number;
  readonly shareGpu: boolean;
}

/** Ranks of this process; on GPUs each takes its own. */
export async function connectHere(ranks: number, { target, patience, shareGpu }: RanksHere): Promise<readonly Communicator[]> {
  const rings = connectLocal(ranks, { patience });
  if (deviceOf(target) === 'cpu') return rings;
  return Promise.all(rings.map(async (ring) => new OnGpu(ring, (await takeGpu(ring, { shareGpu, environment: process.env }, loadAddon())).ordinal, '')));
}

function checkHere(ranks: number, transport: RankFlags['transport']): void {
  const { launcher } = detectLaunch();
  const refuse = (why: string, hint: string) => new InfinitileError({ code: 'INF8004', message: `--ranks ${ranks} are of one process; ${why}`, hint });
  if (launcher !== 'none') throw refuse(`${launcher} has made this one a rank already`, 'leave --ranks out: there are as many ranks as the launcher starts');
  if (transport !== undefined) throw refuse(`--transport ${transport} is between processes`, 'leave --transport out, or start the ranks with a launcher');
}
