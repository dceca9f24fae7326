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
  /** Whether ranks share the matrix: each has some of its rows, and keys come by. */
  readonly ring?: boolean;
}

/** A tiling with every knob set. */
export interface ResolvedTiling {
  readonly name: string;
  /** Where a tiling leaves it open, it is the largest that may be (`fit`). */
  readonly chunk: ChunkLevel;
  /** Columns of which all workers have equal shares, where a target has such: a chunk that a budget narrows has at most a multiple of them, then made even. */
  readonly colsPerRound?: number;
  readonly block: ResolvedBlock;
  readonly register: RegisterLevel;
  readonly instruction: InstructionLevel;
  /** Where a target's passes have tiles of their own. */
  readonly passes?: Passes;
}

export type ResolvedBlock = Required<Omit<BlockLevel, 'cluster' | 'panel'>> & Pick<BlockLevel, 'cluster' | 'panel'>;

/** Whether a panel of keys stays in shared memory while queries stream past, a part of its depth does, or both stream. */
export type PanelPlace = NonNullable<BlockLevel['panel']>;

/** A block's tile of a pass, the k-steps in flight, and how many blocks share their copies. */
export interface PassTiling {
  readonly rows: number;
  readonly cols: number;
  readonly stages: number;
  readonly cluster: number;
}

export interface SimilarityTiling extends PassTiling {
  readonly panel: PanelPlace;
  /** K-steps of the panel that stay in shared memory. */
  readonly residentSteps: number;
  /** Columns of one consumer: the tile's, where consumers take turns at tiles, or its share of them. */
  readonly groupCols: number;
}

export interface Passes {
  readonly stats: SimilarityTiling;
  readonly gradient: SimilarityTiling;
  readonly guide?: SimilarityTiling;
  readonly accumulate: PassTiling;
}
