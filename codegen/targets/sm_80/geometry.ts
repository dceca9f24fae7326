import type { Precision } from '../../../dsl/problem.js';
import type { BlockLevel, ChunkLevel, RegisterLevel } from '../../../dsl/tiling.js';
import { needsOf } from '../../plan/needs.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { chunkElements, instruction } from './limits.js';

/** How operands lie in memory: in place, or packed per chunk as [row][plane][depthPadded]. */
export interface OperandLayout {
  /** Inputs are read in place: 16-bit, rows of whole 16-byte chunks. */
  readonly direct: boolean;
  /** fp32 inputs are planes of bf16: the rounded value, the rest rounded, and where that is too little what is left of it. */
  readonly planes: 1 | 2 | 3;
  /** G likewise. */
  readonly gradientPlanes: 1 | 2;
  readonly depthPadded: number;
}

export function operandLayout({ dim, precision, softmax }: Problem): OperandLayout {
  const depthPadded = Math.ceil(dim / chunkElements) * chunkElements;
  if (precision === 'f32') {
    // Two planes keep 16 bits. A short sum does not average their rounding away, and logits in the thousands magnify it.
    const planes = softmax === 'running' || dim < shortDepth ? 3 : 2;
    return { direct: false, planes, gradientPlanes: 2, depthPadded };
  }
  // In a few dimensions a row's gradient is what is left of many that cancel; bf16 would keep little of it.
  const gradientPlanes = precision === 'bf16' && dim < instruction.depth ? 2 : 1;
  return { direct: depthPadded === dim, planes: 1, gradientPlanes, depthPadded };
}

const shortDepth = 64;

/** The guide's operands: as those of S, at their own depth. */
export function guideLayout(problem: Problem): OperandLayout {
  return operandLayout({ ...problem, dim: guideDimOf(problem) });
}

export function guideDimOf({ dim, guideDim = dim }: Problem): number {
  return guideDim;
}

/** A product of planes: of A and of B. */
export type Segment = readonly [number, number];

/**
 * Precision by depth: a product of split numbers is a sequence of products of their planes, the small ones first, so that they
 * are not rounded away under the large one. Products below the smallest plane are left out.
 */
export function segments(planesOfA: number, planesOfB: number): readonly Segment[] {
  const finest = Math.max(planesOfA, planesOfB) - 1;
  const all = Array.from({ length: planesOfA * planesOfB }, (_, i): Segment => [Math.floor(i / planesOfB), i % planesOfB]);
  const size = ([a, b]: Segment) => a + b;
  return all.filter((segment) => size(segment) <= finest).sort((left, right) => size(right) - size(left));
}

export function threadsOf(block: Pick<BlockLevel, 'rows' | 'cols'>, register: RegisterLevel): number {
  return (block.rows / register.rows) * (block.cols / register.cols) * 32;
}

/** Bytes of the ring of stages. */
export function ringBytes({ rows, cols, depth, stages }: Required<BlockLevel>): number {
  return stages * 2 * (rows + cols) * depth;
}

/**
 * The block of the accumulating products, whose columns are the depth: narrower than the similarity's where that leaves
 * fewer columns idle.
 */
export function accumulateBlock({ dim }: Problem, { block, register }: ResolvedTiling): Required<BlockLevel> {
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

/** The type of the tensor cores' operands. */
export function elementType(precision: Precision): 'bf16' | 'f16' {
  return precision === 'f16' ? 'f16' : 'bf16';
}
