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
  /** The same for a rank of a ring. */
  readonly ring: readonly Program[];
  readonly kernels: KernelFiles;
}

/** All of a target's programs. */
export function everyProgram({ programs, ring }: TargetPrograms): readonly Program[] {
  return [...programs, ...ring];
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
      const compileFor = (ranks: number) => modes.map((softmax) => compileProgram({ loss, dim, guideDim, precision, tiling: ofOneRank(tiling), target, softmax, ranks }));
      const [programs, ring] = [compileFor(1), compileFor(severalRanks)];
      requireSameStatistics(ring);
      return { target, programs, ring, kernels: kernelFiles([...programs, ...ring], target.name, libraryNames(loss.name)) };
    });
}

/** A rank that starts over with running maxima finds in place what it was told of positives. */
function requireSameStatistics(programs: readonly Program[]): void {
  const [first, ...others] = programs.map(({ plan }) => JSON.stringify(plan.buffers.filter(({ role }) => role === 'statistic')));
  if (others.some((other) => other !== first)) throw new Error('the plans of a target keep other statistics');
}

/** Plans are the same for any number of them. */
const severalRanks = 2;

/** How ranks are connected is the caller's. */
function ofOneRank(tiling: Tiling): Tiling {
  const { ring, ...levels } = tiling;
  return ring === undefined ? tiling : levels;
}
