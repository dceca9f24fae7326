import { availableParallelism } from 'node:os';
import { InfinitileError } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import type { Tiling } from '../dsl/tiling.js';
import { automatic } from '../dsl/tilings.js';
import type { Target } from '../codegen/targets/target.js';
import { Backend } from './device/backend.js';
import { Kernel } from './kernel.js';

export interface CompileOptions {
  /** D: numbers in an embedding. */
  readonly dim: number;
  /** How Q and K are stored; 'f32' unless said. */
  readonly precision?: Precision;
  /** Levels and knobs left out are chosen by the target. */
  readonly tiling?: Tiling;
  /** `cpu` (the best target this machine's CPU runs), `cuda` (its first GPU), or a target by name. `cpu` unless said. */
  readonly target?: string;
  /** Workspace budget in bytes; the target's default is 256 MiB. */
  readonly workspace?: number;
  /** CPU: workers; one per core unless said. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Source files compiled or found in the cache, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/**
 * Compiles a loss for a depth and a precision: emits kernels, builds them (or finds them in the cache) and loads them.
 *
 * @throws {InfinitileError} for a tiling that the target cannot run, a missing compiler or device, a refused source.
 */
export async function compile(loss: PairwiseLoss, options: CompileOptions): Promise<Kernel> {
  const { dim, precision = 'f32', tiling = automatic, workspace, threads = availableParallelism(), signal } = options;
  checkOptions(options);
  const backend = Backend.open(options.target ?? 'cpu');
  try {
    checkPrecision(backend.target, precision);
    const kernel = new Kernel({ loss, dim, precision, tiling, backend, threads, ...(workspace === undefined ? {} : { workspace }) });
    await kernel.load('bounded', { ...(signal === undefined ? {} : { signal }), ...(options.onBuild === undefined ? {} : { onBuild: options.onBuild }) });
    return kernel;
  } catch (error) {
    backend.close();
    throw error;
  }
}

function checkOptions({ dim, threads, workspace }: CompileOptions): void {
  const diagnostics = (
    [
      ['dim', dim, 65_536],
      ['threads', threads, 4096],
      ['workspace', workspace, Number.MAX_SAFE_INTEGER],
    ] as const
  ).flatMap(([name, value, most]) =>
    value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)
      ? []
      : [{ code: 'INF4013' as const, message: `${name} is ${value}`, hint: `a whole number from 1 to ${most}` }],
  );
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
}

function checkPrecision({ name, precisions }: Target, precision: Precision): void {
  if (precisions.includes(precision)) return;
  throw new InfinitileError([
    { code: 'INF4005', message: `target ${name} does not take ${precision} inputs`, hint: `it takes ${precisions.join(', ')}` },
  ]);
}

