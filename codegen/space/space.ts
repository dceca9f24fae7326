import type { KnobValue } from '../../dsl/choice.js';
import type { KnobPlace, Tiling } from '../../dsl/tiling.js';
import type { BoundPlan } from '../plan/bind.js';

/** A knob that is open, and the values that are tried. */
export interface Axis {
  readonly level: KnobPlace;
  readonly knob: string;
  readonly values: readonly KnobValue[];
}

/** A point of the space: a tiling with nothing open, legal on the target and within the workspace. */
export interface Candidate {
  /** Its settings in one line, such as `chunk 4096x4096, block 192x1024x256`: names it in tables, logs and caches. */
  readonly id: string;
  readonly tiling: Tiling;
  /** By `level.knob`: what it says for each axis. */
  readonly settings: Readonly<Record<string, KnobValue>>;
  readonly bound: BoundPlan;
}

/** The legal ways to run a problem. No two candidates have the same plan. */
export interface Space {
  readonly axes: readonly Axis[];
  /** What runs when nothing is tuned. */
  readonly usual: Candidate;
  /** All of them, or, of a space too large to be listed, a part that is spread over it by the seed. The usual one is the first. */
  readonly candidates: readonly Candidate[];
  /** Those that differ from a candidate by one step along one axis. */
  neighbours(of: Candidate): readonly Candidate[];
}
