import type { KnobValue } from '../../dsl/choice.js';
import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { knobOf, withKnob } from '../../dsl/knobs.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Precision } from '../../dsl/problem.js';
import { nestingMistakes } from '../../dsl/tiling-checks.js';
import type { Tiling } from '../../dsl/tiling.js';
import type { BoundPlan, RunShape } from '../plan/bind.js';
import { bindWithin } from '../plan/bind-within.js';
import { lower } from '../plan/lower.js';
import type { Problem, ResolvedTiling } from '../plan/problem.js';
import type { Target } from '../targets/target.js';
import { closed } from './closed.js';
import type { Setting } from './settings.js';

/** What is to be run, and the tiling whose open knobs are turned. */
export interface SpaceRequest {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly precision: Precision;
  /** Depth of the guide's embeddings; `dim`, unless said. */
  readonly guideDim?: number;
  readonly target: Target;
  readonly tiling: Tiling;
  readonly run: RunShape;
  /** Of the workspace, in bytes; the target's own, unless said. */
  readonly budget?: number;
  /** Of a space too large to be listed: which part is. */
  readonly seed?: number;
  /** Candidates that are listed, at the most. */
  readonly most?: number;
}

export interface Planned {
  readonly tiling: Tiling;
  readonly bound: BoundPlan;
}

/** Makes plans of settings, as a kernel would be compiled and bound with them. */
export class Planner {
  readonly #request: SpaceRequest;
  readonly #problem: Problem;
  /** What the same kernel is compiled to where its first plan does not do: a tiling has to serve them too. */
  #variants: readonly Problem[] = [];

  constructor(request: SpaceRequest) {
    this.#request = request;
    this.#problem = problemOf(request);
  }

  /** Asks of all tilings to come that they serve whatever this one does. */
  require(tiling: Tiling): void {
    const variants = [{ ...this.#problem, softmax: 'running' as const }, { ...this.#problem, reports: true }, { ...this.#problem, softmax: 'running' as const, reports: true }];
    this.#variants = variants.filter((variant) => this.#request.target.resolve(variant, tiling).tiling !== undefined);
  }

  /** The request's tiling with these knobs set. Where they size the chunk, it is the largest that may be; all workers are as many as there will be. */
  tilingWith(settings: readonly Setting[]): Tiling {
    const { tiling, run } = this.#request;
    const isAll = ({ level, knob, value }: Setting): boolean => level === 'chunk' && knob === 'workers' && value === run.workers && tiling.chunk?.workers === undefined;
    const set = settings.filter((setting) => !isAll(setting)).reduce((made, { level, knob, value }) => withKnob(made, level, knob, value), tiling);
    const sized = settings.some(({ level, knob }) => level === 'chunk' && (knob === 'rows' || knob === 'cols'));
    return sized && tiling.chunk?.fit === undefined ? withKnob(set, 'chunk', 'fit', 'shrink') : set;
  }

  /** The tiling resolved, or why the target cannot run it. */
  resolve(settings: readonly Setting[]): { readonly tiling?: ResolvedTiling; readonly diagnostics: readonly Diagnostic[] } {
    const tiling = this.tilingWith(settings);
    const nesting = nestingMistakes(tiling).map(({ message, hint }): Diagnostic => ({ code: 'INF3005', message, hint }));
    if (nesting.length > 0) return { diagnostics: nesting };
    const resolved = this.#request.target.resolve(this.#problem, tiling);
    if (resolved.tiling === undefined) return resolved;
    const pinned = closed(resolved.tiling, tiling.ring);
    const refused = this.#variants.flatMap((variant) => this.#request.target.resolve(variant, pinned).diagnostics);
    return refused.length > 0 ? { diagnostics: refused } : resolved;
  }

  /** The plan, or why there is none: a limit of the target, or of the workspace. */
  plan(settings: readonly Setting[]): Planned | { readonly diagnostics: readonly Diagnostic[] } {
    const { tiling, diagnostics } = this.resolve(settings);
    if (tiling === undefined) return { diagnostics };
    const { target, run, budget = target.defaultWorkspace } = this.#request;
    try {
      return { tiling: closed(tiling, this.#request.tiling.ring), bound: bindWithin(lower(this.#problem, target, tiling), run, budget) };
    } catch (error) {
      if (error instanceof InfinitileError) return { diagnostics: error.diagnostics };
      throw error;
    }
  }
}

/** What a plan says of a knob, whoever set it. */
export function settingOf({ tiling, bound }: Planned, { level, knob }: Omit<Setting, 'value'>): KnobValue | undefined {
  if (level === 'chunk' && knob === 'workers') return bound.shape.workers;
  if (level === 'chunk' && knob === 'backward') return bound.plan.fused === undefined ? 'recompute' : 'fused';
  return knobOf(tiling, level, knob);
}

/** Plans with the same key do the same work in the same way. */
export function keyOf({ bound: { plan, chunk, forwardShape, shape, fused } }: Planned): string {
  const { block, register, instruction, passes } = plan.tiling;
  return JSON.stringify([chunk, forwardShape.chunkRows, forwardShape.chunkCols, shape.workers, fused, block, register, instruction, passes]);
}

export function problemOf({ loss, dim, precision, guideDim = dim }: SpaceRequest): Problem {
  return { loss, dim, precision, softmax: 'bounded', guideDim };
}
