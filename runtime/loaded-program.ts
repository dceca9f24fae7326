import type { BoundPlan } from '../codegen/plan/bind.js';
import type { SoftmaxMode } from '../codegen/plan/plan.js';
import type { Program } from '../codegen/compile.js';
import type { NativeModule } from './addon.js';
import type { KernelReport } from './artifact/manifest.js';

/** What a program's sources became. */
export interface LoadedModules {
  /** By source file. */
  readonly modules: ReadonlyMap<string, NativeModule>;
  /** What the compiler says of each GPU kernel: registers, spills, shared memory. */
  readonly reports: readonly KernelReport[];
}

/** A program ready to run: its plan bound to the session's shapes, its modules loaded. */
export interface LoadedProgram {
  readonly program: Program;
  readonly bound: BoundPlan;
  /** In a ring: the plan for the rank's rows and the columns of any shard, by how many those are. */
  readonly tiles?: ReadonlyMap<number, BoundPlan>;
  readonly modules: ReadonlyMap<string, NativeModule>;
}

/** Loads the program of a mode; `reports`: the one that keeps ranks, and sums of the pair term by row, beside the loss. */
export type LoadProgram = (mode: SoftmaxMode, reports: boolean) => Promise<LoadedProgram>;
