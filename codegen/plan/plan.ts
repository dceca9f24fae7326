import type { Precision } from '../../dsl/problem.js';
import type { Extent } from './extent.js';
import type { Channel, Relation } from './needs.js';
import type { PlanWork } from './pair-work.js';
import type { ResolvedTiling } from './problem.js';

/**
 * A loss lowered for a target: which buffers there are, which kernels, and in which order they are launched. Shapes are
 * symbols, so one plan serves every N and M. Pure data; it prints itself (`print.ts`).
 */
export interface Plan {
  readonly kind: 'plan';
  readonly loss: string;
  readonly target: string;
  readonly tiling: ResolvedTiling;
  readonly dim: number;
  readonly precision: Precision;
  /** Depth of the guide's embeddings, of a loss that has one. */
  readonly guideDim?: number;
  /** How exponentials are kept in range: one fixed offset that the sums confirm, or running maxima. */
  readonly softmax: SoftmaxMode;
  /** Names of the learned scalars; their gradients are `scalars[1..]`, the pair term's sum is `scalars[0]`. */
  readonly params: readonly string[];
  /** How kernels tell a positive: on the diagonal, by the index map in buffer `positive`, or by a condition. */
  readonly positives: Relation;
  /** What each side's softmax sums beside its exponentials, in the order of buffers `rowExtra` and `colExtra`. */
  readonly channels: { readonly row: readonly Channel[]; readonly col: readonly Channel[] };
  /** What is done to each dot: of no account to a run, but to what it costs. */
  readonly work: PlanWork;
  readonly buffers: readonly Buffer[];
  readonly kernels: readonly Kernel[];
  /** Checks of the inputs: largest norms, values that are not finite. */
  readonly inspect: readonly Step[];
  /** Chunks of rows, and of columns, that the forward walk takes at once: it keeps no G, and fewer, longer launches lose less at their ends. */
  readonly forwardRows: number;
  readonly forwardCols: number;
  readonly forward: readonly Step[];
  readonly backward: readonly Step[];
  /** Forward and backward in one, for a chunk that has all columns. Absent where the loss or the target does not allow it. */
  readonly fused?: FusedWalk;
  /** Kernels that no walk launches: of those who embed the plan. */
  readonly forCallers: readonly string[];
  /** Where ranks share the matrix: what each of them does. */
  readonly ring?: RingWalks;
}

export interface RingWalks {
  /** Before all tiles, where masks read it: what is known of positives. */
  readonly positives?: RingWalk;
  readonly forward: RingWalk;
  /** After the forward walk, when tallies are those of all ranks. */
  readonly terms: readonly Step[];
  readonly backward: RingWalk;
}

/** What columns get can wait until what came with them is there, and is then added to it at once. */
export interface TilePiece {
  readonly make: readonly Step[];
  readonly add: readonly Step[];
}

/** Of a rank whose rows meet one shard of columns after another: `m` are the columns of the shard at hand. */
export interface RingWalk {
  readonly begin: readonly Step[];
  /** Empties the sums of the columns at hand, before a tile adds to them. */
  readonly clear: readonly Step[];
  /** Before a tile that may have positives. */
  readonly ofPositives: readonly Step[];
  readonly tile: readonly Step[];
  /** The same for a tile that is one chunk. */
  readonly piece: TilePiece;
  /** Adds the sums that a tile made on its own to those that came. */
  readonly merge: readonly Step[];
  /** With the sums of the rank's own columns complete. */
  readonly end: readonly Step[];
  /** Buffers that travel: keys with what belongs to them, and the sums of their columns. */
  readonly keys: readonly string[];
  readonly sums: readonly string[];
}

export interface FusedWalk {
  readonly steps: readonly Step[];
  /** Rows of a chunk, at the least, for which a run narrows it to hold all columns; and columns, at the most. */
  readonly leastRows: number;
  readonly mostCols: number;
}

export type SoftmaxMode = 'bounded' | 'running';

export interface Buffer {
  readonly name: string;
  readonly role: 'input' | 'output' | 'statistic' | 'workspace';
  readonly element: Element;
  /** Number of elements. */
  readonly count: Extent;
}

export type Element = 'f32' | 'f64' | 'bf16' | 'f16' | 'i32';

export const elementBytes: Readonly<Record<Element, number>> = { f32: 4, f64: 8, bf16: 2, f16: 2, i32: 4 };

export interface Kernel {
  /** Entry point in the compiled module. */
  readonly name: string;
  /** The program's source file that holds it. */
  readonly file: string;
  readonly parameters: readonly Parameter[];
  /** GPU: blocks in a launch, threads in a block, bytes of dynamic shared memory. The host ignores none of it: 1, 1, 0. */
  readonly grid: Extent;
  readonly threads: number;
  readonly sharedBytes: number;
}

export type Parameter = PlainParameter | MapParameter;

export interface PlainParameter {
  readonly name: string;
  readonly type: 'pointer' | 'i32' | 'f32' | 'uniforms';
}

/** A tensor map, by value: 128 bytes that the GPU's copy engine (TMA) takes its tiles by. */
export interface MapParameter {
  readonly name: string;
  readonly type: 'tensorMap';
  readonly map: TensorMap;
}

/**
 * A row-major matrix of 16-bit elements, each of whose rows holds `planes` rows of `cols` elements (numbers split into pieces lie
 * in planes); and the tile of one plane that one copy moves, its rows swizzled in shared memory by as many bytes as they have.
 */
export interface TiledMatrix<Size = Extent> {
  readonly rows: Size;
  readonly cols: Size;
  readonly planes: number;
  /** Elements from a row to the next, and from a plane of it to the next. */
  readonly pitch: Size;
  readonly planePitch: Size;
  /** Rows of a tile beyond the matrix are zeros; so are columns. `boxCols` elements are 128 bytes, or 64. */
  readonly boxRows: number;
  readonly boxCols: number;
}

export interface TensorMap extends TiledMatrix {
  /** The binding, by the name that a pointer parameter would have, whose buffer and offset the matrix starts at. */
  readonly of: string;
}

export type Step =
  | { readonly kind: 'for'; readonly axis: 'rows' | 'cols'; readonly body: readonly Step[] }
  | Launch
  /** Sets `count` 32-bit words of a buffer to one bit pattern. */
  | { readonly kind: 'fill'; readonly buffer: string; readonly pattern: number }
  /** Ends the bounded attempt when a sum has left fp32's range: the first word of `buffer` is 1. */
  | { readonly kind: 'guard'; readonly buffer: string };

export interface Launch {
  readonly kind: 'launch';
  readonly kernel: string;
  readonly args: readonly Arg[];
}

export type Arg =
  /** Address of an element of a buffer. */
  | { readonly kind: 'buffer'; readonly buffer: string; readonly offset: Extent }
  | { readonly kind: 'tensorMap'; readonly buffer: string; readonly offset: Extent; readonly map: TiledMatrix }
  | { readonly kind: 'null' }
  | { readonly kind: 'extent'; readonly value: Extent }
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'uniforms' };

/**
 * Values known when a run starts. `offset`: of the exponents, base e. `rowWeight`, `colWeight`: w_i and w_j.
 * `sumFloor`: the least sum that the bounded mode accepts. `gradientScale`: G is stored times this power of two;
 * `gradientUnscale`: its reciprocal.
 */
export type ScalarName = 'offset' | 'rowWeight' | 'colWeight' | 'sumFloor' | 'gradientScale' | 'gradientUnscale';
