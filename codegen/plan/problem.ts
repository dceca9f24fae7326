import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Precision } from '../../dsl/problem.js';
import type { BlockLevel, ChunkLevel, InstructionLevel, RegisterLevel } from '../../dsl/tiling.js';
import type { SoftmaxMode } from './plan.js';

/** What is asked for. How it is done is a {@link ResolvedTiling}; together they make a plan. */
export interface Problem {
  readonly loss: PairwiseLoss;
  /** Depth D: the length of an embedding. */
  readonly dim: number;
  readonly precision: Precision;
  readonly softmax: SoftmaxMode;
}

/** A tiling with every knob set. */
export interface ResolvedTiling {
  readonly name: string;
  readonly chunk: ChunkLevel;
  readonly block: Required<BlockLevel>;
  readonly register: RegisterLevel;
  readonly instruction: InstructionLevel;
}
