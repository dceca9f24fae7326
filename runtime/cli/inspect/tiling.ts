import { availableParallelism } from 'node:os';
import type { Target } from '../../../codegen/targets/target.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { automatic } from '../../../dsl/tilings.js';
import { Builder } from '../../device/builder.js';
import { chooseTiling, type ChosenTiling } from '../../tune/choose-tiling.js';
import type { OnWarning } from '../../tune/errors.js';
import { findMachine } from '../../tune/machine.js';

export interface AskedTiling {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly precision: Precision;
  readonly given?: Tiling;
  /** Queries, where they are known. */
  readonly rows?: number;
}

/** What `compile` would take here; for a target that nothing here runs or compiles for, what was asked for. */
export async function tilingOn(target: Target, { given, ...problem }: AskedTiling, onWarning: OnWarning): Promise<ChosenTiling> {
  const asked: ChosenTiling = { tiling: given ?? automatic, origin: given === undefined ? 'usual' : 'given' };
  try {
    const { device, architecture, multiprocessors } = findMachine(target.name);
    const workers = multiprocessors ?? availableParallelism();
    const builder = Builder.for(target, architecture);
    return await chooseTiling({ ...problem, ...asked, guideDim: problem.dim, tuned: true, builder, device, workers, workspace: target.defaultWorkspace, onWarning });
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    return asked;
  }
}
