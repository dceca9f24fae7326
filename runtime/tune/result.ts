import type { KnobValue } from '../../dsl/choice.js';
import type { Precision } from '../../dsl/problem.js';
import type { Tiling } from '../../dsl/tiling.js';
import type { Estimate, MachineModel } from '../../codegen/cost/estimate.js';
import type { Axis } from '../../codegen/space/space.js';

export type Effort = 'none' | 'quick' | 'full';

/** What was tuned, and where. */
export interface Subject {
  readonly loss: string;
  /** Of its expressions. */
  readonly lossHash: string;
  readonly dim: number;
  readonly precision: Precision;
  readonly target: string;
  /** The GPU, or the CPU's model. */
  readonly device: string;
  readonly compiler: string;
  readonly version: string;
  readonly n: number;
  readonly m: number;
  readonly workers: number;
  /** Bytes. */
  readonly workspace: number;
}

/** Of repeated timings: the median, and what half of them lie between. */
export interface Timing {
  readonly ms: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** A candidate with what is known of it. */
export interface Ranked {
  readonly id: string;
  readonly tiling: Tiling;
  readonly settings: Readonly<Record<string, KnobValue>>;
  readonly predicted: Estimate;
  /** Absent of one that was not timed. */
  readonly timing?: Timing;
  /** Its time by that of the usual tiling, in the same rounds: the median, and what half of them lie between. Absent of one that was not timed. */
  readonly relative?: { readonly ratio: number; readonly low: number; readonly high: number };
  /** Largest error against fp64, by what is allowed: at most 1. Absent of one that was not checked. */
  readonly error?: number;
}

/** Why a candidate is out. */
export interface Failed {
  readonly id: string;
  readonly settings: Readonly<Record<string, KnobValue>>;
  readonly predicted: Estimate;
  readonly stage: 'compile' | 'run' | 'timeout' | 'check';
  readonly reason: string;
}

/** What a search has found: what `infinitile tune` prints, saves and draws. */
export interface TuneResult {
  readonly subject: Subject;
  readonly machine: MachineModel;
  readonly effort: Effort;
  readonly seed: number;
  readonly axes: readonly Axis[];
  /** What runs when nothing is tuned. */
  readonly usual: Ranked;
  readonly best: Ranked;
  /** All that were timed, the fastest first; the best leads. */
  readonly timed: readonly Ranked[];
  /** Those that the model put behind. */
  readonly untimed: readonly Ranked[];
  readonly failed: readonly Failed[];
  readonly seconds: number;
  /** Whether nothing had to be measured. */
  readonly fromCache: boolean;
}
