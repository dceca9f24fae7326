import type { ChunkLevel } from '../../dsl/tiling.js';
import { bind, type RunShape } from './bind.js';
import type { Plan } from './plan.js';

/**
 * The largest chunk of all columns, for the fused walk of a plan that has one, whose workspace fits the budget of bytes. Undefined
 * when there is none with rows enough.
 */
export function wideChunk(plan: Plan, run: RunShape, budget: number): ChunkLevel | undefined {
  const { fused, tiling } = plan;
  if (fused === undefined || run.m > fused.mostCols) return undefined;
  const least = Math.min(run.n, fused.leastRows);
  for (let { rows } = tiling.chunk; rows >= least; ) {
    const { chunk, workspaceBytes } = bind(plan, run, { rows, cols: run.m });
    if (workspaceBytes <= budget && chunk.rows >= least) return chunk;
    // Made even, all between these are the same chunk.
    rows = Math.min(rows, chunk.rows) - tiling.block.rows;
  }
  return undefined;
}
