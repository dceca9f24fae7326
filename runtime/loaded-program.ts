import type { BoundPlan } from '../codegen/plan/bind.js';
import type { SoftmaxMode } from '../codegen/plan/plan.js';
import type { Program } from '../codegen/compile.js';
import type { NativeModule } from './addon.js';

/** A program ready to run: its plan bound to the session's shapes, its modules loaded. */
export interface LoadedProgram {
  readonly program: Program;
  readonly bound: BoundPlan;
  readonly modules: ReadonlyMap<string, NativeModule>;
}

/** Loads the program of a mode; `reports`: the one that keeps ranks, and sums of the pair term by row, beside the loss. */
export type LoadProgram = (mode: SoftmaxMode, reports: boolean) => Promise<LoadedProgram>;
