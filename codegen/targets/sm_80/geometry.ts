import type { ResolvedBlock } from '../../plan/problem.js';
import type { BlockLevel, ChunkLevel, RegisterLevel } from '../../../dsl/tiling.js';
import { needsOf } from '../../plan/needs.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { guideLayout, operandLayout, type OperandLayout } from '../cuda/layout.js';
import { instruction } from './limits.js';

export function threadsOf(block: Pick<BlockLevel, 'rows' | 'cols'>, register: RegisterLevel): number {
  return (block.rows / register.rows) * (block.cols / register.cols) * 32;
}

/** Bytes of the ring of stages. */
export function ringBytes({ rows, cols, depth, stages }: ResolvedBlock): number {
  return stages * 2 * (rows + cols) * depth;
}

/**
 * The block of the accumulating products, whose columns are the depth: narrower than the similarity's where that leaves
 * fewer columns idle.
 */
export function accumulateBlock({ dim }: Pick<Problem, 'dim'>, { block, register }: ResolvedTiling): ResolvedBlock {
  let best = block.cols;
  for (let cols = block.cols / 2; cols >= register.cols; cols /= 2) {
    if (columnsTouched(dim, cols) < columnsTouched(dim, best)) best = cols;
  }
  return { ...block, cols: best };
}

function columnsTouched(dim: number, cols: number): number {
  return Math.ceil(dim / cols) * cols;
}

/** Registers of a thread: its share of the sums, two sets of fragments, and what addresses and the loss need. */
export function registersOf({ rows, cols }: RegisterLevel): number {
  const sums = (rows * cols) / 32;
  const fragments = (rows / instruction.rows) * 4 + (cols / instruction.cols) * 2;
  return sums + 2 * fragments + 48;
}

/** Bytes of the workspace that grow with the chunk: G, packed operands, the guide's inner products, and channels' partial sums. */
export function chunkBytes(problem: Problem, block: BlockLevel, { rows, cols }: ChunkLevel): number {
  const { row, col } = needsOf(problem.loss, problem.reports);
  const channels = (row?.channels.length ?? 0) * rows * Math.ceil(cols / block.cols) + (col?.channels.length ?? 0) * cols * Math.ceil(rows / block.rows);
  const { gradientPlanes } = operandLayout(problem);
  const packed = ({ direct, planes, depthPadded }: OperandLayout): number => (direct ? 0 : 2 * planes * depthPadded * (rows + cols));
  const guide = problem.loss.guide ? 4 * rows * cols + packed(guideLayout(problem)) : 0;
  return 2 * gradientPlanes * rows * cols + packed(operandLayout(problem)) + guide + 4 * channels;
}
