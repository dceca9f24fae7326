import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import { mostDim, type Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { compileProgram, type Program } from '../../compile.js';
import { hasSoftmax } from '../../plan/needs.js';
import { targets as everyTarget } from '../../targets/index.js';
import type { Target } from '../../targets/target.js';
import { kernelFiles, type KernelFiles } from './kernels.js';
import { libraryNames } from './names.js';

export interface LibraryRequest {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  /** Depth of the guide's embeddings; `dim`, unless said. */
  readonly guideDim?: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  readonly targets: readonly Target[];
}

/** What the library has for one target. */
export interface TargetPrograms {
  readonly target: Target;
  /** The one with a fixed offset and, of a loss with a softmax, the one with running maxima. */
  readonly programs: readonly Program[];
  readonly kernels: KernelFiles;
}

/**
 * The programs of every target, once each, in the order of the list of targets.
 *
 * @throws {InfinitileError} INF4013 for embeddings that are too long; with every reason why a target cannot run the tiling.
 */
export function compileTargets({ loss, dim, guideDim = dim, precision, tiling, targets }: LibraryRequest): readonly TargetPrograms[] {
  for (const [name, value] of [['dim', dim], ['guideDim', guideDim]] as const) {
    if (value > mostDim) throw new InfinitileError({ code: 'INF4013', message: `${name} is ${value}`, hint: `a whole number from 1 to ${mostDim}` });
  }
  const modes = hasSoftmax(loss) ? (['bounded', 'running'] as const) : (['bounded'] as const);
  return everyTarget
    .filter((target) => targets.includes(target))
    .map((target) => {
      const programs = modes.map((softmax) => compileProgram({ loss, dim, guideDim, precision, tiling, target, softmax }));
      return { target, programs, kernels: kernelFiles(programs, target.name, libraryNames(loss.name)) };
    });
}
