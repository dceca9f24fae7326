import type { ChunkLevel } from '../../dsl/tiling.js';
import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { bind, largestChunk, type BoundPlan, type RunShape } from './bind.js';
import type { Plan } from './plan.js';
import { formatBytes } from './print.js';
import { wideChunk } from './wide-chunk.js';

/**
 * The plan with its shapes: the tiling's own chunk, or, where that was left open or may shrink, the largest whose workspace
 * stays within the budget of bytes; one with all columns where that makes forward and backward one walk.
 *
 * @throws {InfinitileError} when the budget does not hold a chunk that was asked for, or not even one block.
 */
export function bindWithin(plan: Plan, run: RunShape, budget: number): BoundPlan {
  const fixed = plan.tiling.chunk.fit !== 'shrink';
  const wide = fixed ? undefined : wideChunk(plan, run, budget);
  if (wide !== undefined) return bind(plan, run, wide);
  const asked = bind(plan, run);
  if (asked.workspaceBytes <= budget) return asked;
  const chunk = largestChunk(plan, run, budget);
  if (fixed) throw new InfinitileError([overBudget(asked, budget, chunk)]);
  if (chunk === undefined) throw new InfinitileError([underOneBlock(bind(plan, run, plan.tiling.block), budget)]);
  return bind(plan, run, chunk);
}

function overBudget({ chunk, workspaceBytes }: BoundPlan, budget: number, fitting: ChunkLevel | undefined): Diagnostic {
  const smaller = fitting === undefined ? '' : `, or take a chunk of at most ${fitting.rows} x ${fitting.cols}, or leave the chunk open`;
  return {
    code: 'INF3103',
    message: `a chunk of ${chunk.rows} x ${chunk.cols} takes ${formatBytes(workspaceBytes)} of workspace; the budget is ${formatBytes(budget)}`,
    hint: `raise the budget (${budgetOf(workspaceBytes)})${smaller}`,
  };
}

function underOneBlock({ chunk, workspaceBytes }: BoundPlan, budget: number): Diagnostic {
  return {
    code: 'INF3103',
    message: `one block of ${chunk.rows} x ${chunk.cols} takes ${formatBytes(workspaceBytes)} of workspace; the budget is ${formatBytes(budget)}`,
    hint: `raise the budget (${budgetOf(workspaceBytes)}), or take a smaller block`,
  };
}

function budgetOf(bytes: number): string {
  return `--workspace ${Math.ceil(bytes / 2 ** 20)}MiB`;
}
