import { hasSoftmax, positivesForm } from '../plan/positives.js';
import type { Problem, ResolvedTiling } from '../plan/problem.js';
import type { EmittedEpilogue } from './epilogue.js';
import { lossHeader, machineHeader } from './header.js';

/** What every kernel template is given, whatever the target; targets add their constants. All fields are always there. */
export interface KernelContext extends EmittedEpilogue {
  /** `//` comment lines: what this is, from which loss, tiling, target and compiler; license; do not edit. */
  readonly header: string;
  /** The same without the loss, for files that serve every loss: their artifacts are shared. */
  readonly machineHeader: string;
  readonly dim: number;
  readonly hasRows: boolean;
  readonly hasCols: boolean;
  readonly hasPairs: boolean;
  readonly hasSoftmax: boolean;
  readonly running: boolean;
  readonly diagonal: boolean;
  readonly f32: boolean;
  readonly bf16: boolean;
  readonly f16: boolean;
}

export function kernelContext(problem: Problem, target: string, tiling: ResolvedTiling, epilogue: EmittedEpilogue): KernelContext {
  const { loss, dim, precision, softmax } = problem;
  return {
    ...epilogue,
    header: lossHeader(problem, target, tiling),
    machineHeader: machineHeader(problem, target, tiling),
    dim,
    hasRows: loss.rows !== undefined,
    hasCols: loss.cols !== undefined,
    hasPairs: loss.pairs !== undefined,
    hasSoftmax: hasSoftmax(loss),
    running: softmax === 'running',
    diagonal: positivesForm(loss) === 'diagonal',
    f32: precision === 'f32',
    bf16: precision === 'bf16',
    f16: precision === 'f16',
  };
}
