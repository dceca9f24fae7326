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
  /** Depth of the guide's embeddings; D, unless said. Of no account to a loss without a guide. */
  readonly guideDim?: number;
  /** Whether ranks of positives and the pair term's sum by row are kept beside the loss. */
  readonly reports?: boolean;
}

/** A tiling with every knob set. */
export interface ResolvedTiling {
  readonly name: string;
  readonly chunk: ChunkLevel;
  readonly block: Required<BlockLevel>;
  readonly register: RegisterLevel;
  readonly instruction: InstructionLevel;
}
