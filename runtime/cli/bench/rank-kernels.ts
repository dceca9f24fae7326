import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { RankKernel } from '../../bench/rank-sessions.js';
import { compile, type CompileOptions } from '../../compile.js';
import { onAllRanks } from '../../transport/all-ranks.js';
import type { Communicator } from '../../transport/communicator.js';

/** The kernels of ranks of this process, in their order; builds are told of rank 0. */
export async function compileRanks(loss: PairwiseLoss, rings: readonly Communicator[], { onBuild, ...same }: Omit<CompileOptions, 'ring'>): Promise<readonly [RankKernel, ...RankKernel[]]> {
  const [first, ...others] = await onAllRanks(
    rings.map((ring) => ({ ring })),
    async ({ ring }) => ({ ring, kernel: await compile(loss, { ...same, ring, ...(ring.rank > 0 || onBuild === undefined ? {} : { onBuild }) }) }),
  );
  if (first === undefined) throw new Error('there are no ranks');
  return [first, ...others];
}

export async function closeRanks(ranks: readonly RankKernel[]): Promise<void> {
  for (const { kernel } of ranks) kernel.close();
  // Whatever has failed between them has been told.
  await Promise.allSettled(ranks.map(({ ring }) => ring.close()));
}
