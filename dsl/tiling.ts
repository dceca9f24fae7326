import type { Choice, KnobValue } from './choice.js';
import type { Span } from './diagnostics/span.js';
import type { Precision } from './problem.js';

/**
 * How the iteration space N x M x D is split, outermost level first. A level or a knob left out is chosen by the target.
 *
 * | level       | GPU                                   | CPU                              |
 * | ----------- | ------------------------------------- | -------------------------------- |
 * | ring        | GPUs and nodes                        | processes                        |
 * | chunk       | device memory: bounds the workspace   | main memory: bounds the workspace|
 * | block       | thread block, shared memory           | thread, L2                       |
 * | register    | warp, accumulators in registers       | micro-kernel, SIMD registers     |
 * | instruction | mma.sync fragment                     | SIMD fused multiply-add          |
 */
export interface Tiling {
  readonly kind: 'tiling';
  readonly name: string;
  readonly ring?: RingLevel;
  readonly chunk?: ChunkLevel;
  readonly block?: BlockLevel;
  /** Where passes have blocks of their own. What a pass leaves out is the block's. */
  readonly passes?: Readonly<Partial<Record<PassName, PassLevel>>>;
  readonly register?: RegisterLevel;
  readonly instruction?: InstructionLevel;
  /** Knobs that were given several values. The levels have the first of each. */
  readonly open?: readonly OpenKnob[];
  /** Of a tiling that was tuned: what for. */
  readonly tunedFor?: TunedFor;
  /** Where each level was written, for messages. */
  readonly spans?: Readonly<Partial<Record<KnobPlace, Span>>>;
}

/** What a tiling was found to be the fastest of. */
export interface TunedFor {
  readonly loss: string;
  /** Of its expressions. */
  readonly lossHash: string;
  readonly dim: number;
  readonly precision: Precision;
  readonly target: string;
}

export type LevelName = 'ring' | 'chunk' | 'block' | 'register' | 'instruction';

/** The passes whose block may be one of their own: G and the statistics are made of logits, `accumulate` adds to dQ and dK. */
export type PassName = 'stats' | 'gradient' | 'guide' | 'accumulate';

/** What has knobs: a level, or the block of one pass. */
export type KnobPlace = LevelName | PassName;

/** A knob that was left open among values, in the order they were given. */
export interface OpenKnob {
  readonly level: KnobPlace;
  readonly knob: string;
  readonly values: readonly KnobValue[];
}

/** A level as it is written: any knob may be left open among values. */
export type Written<Level> = { readonly [Knob in keyof Level]: Level[Knob] | Choice<Extract<Level[Knob], KnobValue>> };

export interface RingLevel {
  /** How many ranks share the problem; as many as are connected, unless said. */
  readonly ranks?: number;
  /** Nodes that they are on, equally many on each; as the launcher says, unless said. */
  readonly nodes?: number;
  /** Shards of keys that a rank has room for beside its own: one that is used, the others arriving. At least 2, and 2 unless said. */
  readonly inFlight?: number;
  /** What travels from rank to rank, with the sums of its columns. Queries stay. */
  readonly circulate?: 'keys';
}

/** Rows and columns of the piece of the matrix that is worked on at once. */
export interface ChunkLevel {
  readonly rows: number;
  readonly cols: number;
  /** `exact`, unless said: a chunk that the workspace does not hold is an error. `shrink`: it is the largest that may be, and smaller where the workspace asks for it. */
  readonly fit?: 'exact' | 'shrink';
  /** CPU: threads that share it; as many as there are, unless said, and never more. */
  readonly workers?: number;
  /** Whether gradients are made in the forward walk where the loss allows it and a chunk has all columns, or by a walk of their own. */
  readonly backward?: 'fused' | 'recompute';
}

/** One worker's tile: rows x cols of logits, swept in steps of `depth` along D. */
export interface BlockLevel {
  readonly rows: number;
  readonly cols: number;
  readonly depth: number;
  /** GPU: tiles of operands in flight in shared memory. */
  readonly stages?: number;
  /** GPU: how many row tiles are visited before the next column tile, so that operands are met again in L2. */
  readonly group?: number;
  /** GPU, from Hopper on: blocks that work side by side and share their copies of operands. */
  readonly cluster?: number;
  /** GPU, from Hopper on: whether a panel of keys stays in shared memory while queries stream past, as much of its depth does as there is room for, or both stream. */
  readonly panel?: 'resident' | 'split' | 'streamed';
}

/** GPU, from Hopper on: the block of one pass. */
export interface PassLevel {
  readonly rows?: number;
  readonly cols?: number;
  readonly stages?: number;
  readonly cluster?: number;
  /** Of logits, not of `accumulate`: as a block's. */
  readonly panel?: NonNullable<BlockLevel['panel']>;
  /** Of logits: whether the warp groups that multiply take turns at whole tiles, or share each, half of the columns to each. */
  readonly consumers?: 'turns' | 'together';
}

/** The accumulators one warp (GPU) or one micro-kernel (CPU) keeps in registers. */
export interface RegisterLevel {
  readonly rows: number;
  readonly cols: number;
}

export interface InstructionLevel {
  /** A name of the target's, such as `mma.m16n8k16` or `avx512.fma`. */
  readonly name: string;
}
