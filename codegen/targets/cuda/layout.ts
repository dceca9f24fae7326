import type { Precision } from '../../../dsl/problem.js';
import type { Problem } from '../target.js';
import { chunkElements } from './limits.js';

/** What a problem, or its plan, says of its operands. */
export type Operands = Pick<Problem, 'dim' | 'precision' | 'softmax' | 'guideDim'>;

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

export function operandLayout({ dim, precision, softmax }: Operands): OperandLayout {
  const depthPadded = Math.ceil(dim / chunkElements) * chunkElements;
  if (precision === 'f32') {
    // Two planes keep 16 bits. A short sum does not average their rounding away, and logits in the thousands magnify it.
    const planes = softmax === 'running' || dim < shortDepth ? 3 : 2;
    return { direct: false, planes, gradientPlanes: 2, depthPadded };
  }
  // In a few dimensions a row's gradient is what is left of many that cancel; bf16 would keep little of it.
  const gradientPlanes = precision === 'bf16' && dim < veryShortDepth ? 2 : 1;
  return { direct: depthPadded === dim, planes: 1, gradientPlanes, depthPadded };
}

const shortDepth = 64;
const veryShortDepth = 16;

/** The guide's operands: as those of S, at their own depth. */
export function guideLayout(operands: Operands): OperandLayout {
  return operandLayout({ ...operands, dim: guideDimOf(operands) });
}

export function guideDimOf({ dim, guideDim = dim }: Operands): number {
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

/** The type of the tensor cores' operands. */
export function elementType(precision: Precision): 'bf16' | 'f16' {
  return precision === 'f16' ? 'f16' : 'bf16';
}
