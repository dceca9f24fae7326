import { InfinitileError, markSpan, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { Expression } from '../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import type { Tiling } from '../dsl/tiling.js';
import { differentiateLoss, type LossDerivatives } from './emit/derivatives.js';
import { emitEpilogue } from './emit/epilogue.js';
import { lower } from './plan/lower.js';
import { needsOf } from './plan/needs.js';
import type { Plan, SoftmaxMode } from './plan/plan.js';
import type { Problem } from './plan/problem.js';
import type { SourceText, Target } from './targets/target.js';

/** What codegen returns: sources, their entry points (in the plan), and what the runtime evaluates before a launch. */
export interface Program {
  readonly plan: Plan;
  readonly files: readonly SourceText[];
  /** Fields of `struct Uniforms`, in order. */
  readonly uniforms: readonly Expression[];
  readonly derivatives: LossDerivatives;
}

export interface Request {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  readonly target: Target;
  readonly softmax: SoftmaxMode;
  /** Depth of the guide's embeddings, for a loss that has one; `dim`, unless said. */
  readonly guideDim?: number;
  /** Keep ranks of positives and the pair term's sum by row, beside the loss. */
  readonly reports?: boolean;
  /** Ranks that share the matrix; 1, unless said. */
  readonly ranks?: number;
}

/**
 * The pipeline: loss + tiling + target -> resolved tiling -> epilogue -> plan -> sources. Pure: the same request gives the
 * same bytes.
 *
 * @throws {InfinitileError} with every reason why the target cannot run the tiling.
 */
export function compileProgram({ loss, dim, precision, tiling, target, softmax, guideDim = dim, reports = false, ranks = 1 }: Request): Program {
  const problem: Problem = { loss, dim, precision, softmax, guideDim, reports, ring: ranks > 1 };
  const resolved = target.resolve(problem, tiling);
  const refused = [...ringMistakes(tiling, ranks), ...resolved.diagnostics];
  if (resolved.tiling === undefined || refused.length > 0) throw new InfinitileError(refused);
  const epilogue = emitEpilogue(loss, needsOf(loss, reports), target.dialects);
  return {
    plan: lower(problem, target, resolved.tiling),
    files: target.emit(problem, resolved.tiling, epilogue),
    uniforms: epilogue.uniformValues,
    derivatives: differentiateLoss(loss),
  };
}

/** A tiling may leave the ranks open, and then takes as many as there are. */
function ringMistakes({ ring, spans }: Tiling, ranks: number): readonly Diagnostic[] {
  if (ring?.ranks === undefined || ring.ranks === ranks) return [];
  const connected = ranks === 1 ? 'this process is one rank, connected to no other' : `${ranks} are connected`;
  const hint = `take ranks: ${ranks}, leave them open, or start ${ring.ranks} ranks and give compile() what connect() returns`;
  return [{ code: 'INF3101', message: `the ring has ${ring.ranks} ${ring.ranks === 1 ? 'rank' : 'ranks'}; ${connected}`, hint, ...markSpan(spans?.ring) }];
}
