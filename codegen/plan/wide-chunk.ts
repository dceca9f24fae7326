import type { ChunkLevel } from '../../dsl/tiling.js';
import { bind, type RunShape } from './bind.js';
import { evaluateExtent, type Shape } from './extent.js';
import type { FusedWalk, Plan } from './plan.js';

/**
 * The chunk of all columns, for the fused walk of a plan that has one, whose workspace fits the budget of bytes: of those with rows
 * enough the one whose launches keep workers waiting least, and the largest of such. Undefined when there is none.
 */
export function wideChunk(plan: Plan, run: RunShape, budget: number): ChunkLevel | undefined {
  const { fused, tiling } = plan;
  if (fused === undefined || run.m > fused.mostCols) return undefined;
  let best: { readonly chunk: ChunkLevel; readonly rounds: number } | undefined;
  for (let rows = tiling.chunk.rows; rows >= Math.min(run.n, fused.leastRows); rows -= tiling.block.rows) {
    const { chunk, workspaceBytes, shape } = bind(plan, run, { rows, cols: run.m });
    if (workspaceBytes > budget) continue;
    const rounds = Math.ceil(run.n / chunk.rows) * roundsOf(fused, { ...shape, rows: chunk.rows });
    if (best === undefined || rounds < best.rounds) best = { chunk, rounds };
  }
  return best?.chunk;
}

/** How often workers take a block of a chunk's dQ. */
function roundsOf({ blocks }: FusedWalk, shape: Shape): number {
  return Math.ceil(evaluateExtent(blocks, shape) / shape.workers);
}
