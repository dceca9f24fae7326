import { bind, largestChunk, type BoundPlan } from '../codegen/plan/bind.js';
import { formatBytes } from '../codegen/plan/print.js';
import type { Plan, SoftmaxMode } from '../codegen/plan/plan.js';
import { compileProgram, type Program } from '../codegen/compile.js';
import type { SourceText, Target } from '../codegen/targets/target.js';
import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import type { ChunkLevel, Tiling } from '../dsl/tiling.js';
import type { NativeModule } from './addon.js';
import { checkParameters } from './check-inputs.js';
import type { Backend, BuildOptions } from './device/backend.js';
import type { Device } from './device/device.js';
import { prepareInputs, type RunInputs } from './inputs.js';
import type { Parameters } from './scalars.js';
import { Session, type LoadedProgram } from './session.js';

export interface KernelOptions {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  readonly backend: Backend;
  /** Budget in bytes; the target's default when absent. */
  readonly workspace?: number;
  readonly threads: number;
}

export interface RunOptions {
  /** False: the loss alone, in one pass. */
  readonly gradients?: boolean;
  /** Also return log sum exp of rows and columns. */
  readonly lse?: boolean;
  readonly signal?: AbortSignal;
  /** Pairs walked, and in all; a pair counts once forward and once backward. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface RunResult {
  readonly loss: number;
  /** Of Q [N, D] and K [M, D], row-major fp32, and of every learned scalar. Absent when not asked for. */
  readonly gradients?: { readonly q: Float32Array; readonly k: Float32Array; readonly params: Readonly<Record<string, number>> };
  /** log sum exp per row [N] and per column [M], where the loss has that softmax. Absent when not asked for. */
  readonly lse?: { readonly rows?: Float64Array; readonly cols?: Float64Array };
  /** How exponentials were kept in range: what ran, not what was planned. */
  readonly softmax: SoftmaxMode;
  /** The chunk that was used, and the bytes of everything. */
  readonly bound: BoundPlan;
  /** Device time. */
  readonly forwardMilliseconds: number;
  readonly backwardMilliseconds: number;
}

/** A loss compiled for a depth, a precision and a device; it runs any number of rows. */
export class Kernel {
  readonly loss: PairwiseLoss;
  /** What runs first. The running-maxima plan is compiled when it is needed. */
  readonly plan: Plan;
  readonly sources: readonly SourceText[];
  readonly target: Target;
  readonly device: Device;
  readonly #options: KernelOptions;
  readonly #programs: Readonly<Record<SoftmaxMode, Program>>;
  readonly #modules = new Map<SoftmaxMode, Promise<ReadonlyMap<string, NativeModule>>>();

  constructor(options: KernelOptions) {
    this.loss = options.loss;
    this.target = options.backend.target;
    this.device = options.backend.device;
    this.#options = options;
    this.#programs = { bounded: this.#compile('bounded'), running: this.#compile('running') };
    this.plan = this.#programs.bounded.plan;
    this.sources = this.#programs.bounded.files;
  }

  /** Builds (or finds in the cache) and loads the modules. A run does it by itself; calling it first keeps it out of timings. */
  async load(mode: SoftmaxMode = 'bounded', options: BuildOptions = {}): Promise<ReadonlyMap<string, NativeModule>> {
    const known = this.#modules.get(mode);
    if (known !== undefined) return known;
    const building = this.#options.backend.load(this.#programs[mode], options);
    this.#modules.set(mode, building);
    building.catch(() => this.#modules.delete(mode));
    return building;
  }

  /**
   * The plan with its shapes: the largest chunk whose workspace stays within the budget.
   *
   * @throws {InfinitileError} when the budget does not hold the tiling's own chunk, or not even one block.
   */
  bind(n: number, m: number, mode: SoftmaxMode = 'bounded'): BoundPlan {
    const { tiling, threads } = this.#options;
    const { plan } = this.#programs[mode];
    const budget = this.#options.workspace ?? this.target.defaultWorkspace;
    const run = { n, m, threads };
    const asked = bind(plan, run);
    if (asked.workspaceBytes <= budget) return asked;
    const chunk = largestChunk(plan, run, budget);
    if (tiling.chunk !== undefined) throw new InfinitileError([overBudget(asked, budget, chunk)]);
    if (chunk === undefined) throw new InfinitileError([underOneBlock(bind(plan, run, plan.tiling.block), budget)]);
    return bind(plan, run, chunk);
  }

  /** Loads inputs onto the device, to be stepped as often as wanted. The caller closes the session. */
  async session(inputs: Omit<RunInputs, 'params'>, signal?: AbortSignal): Promise<Session> {
    const prepared = await prepareInputs(this.loss, this.plan, inputs);
    const load = async (mode: SoftmaxMode): Promise<LoadedProgram> => ({
      program: this.#programs[mode],
      bound: this.bind(prepared.n, prepared.m, mode),
      modules: await this.load(mode, signal === undefined ? {} : { signal }),
    });
    return Session.open(this.device, prepared, load, signal);
  }

  /**
   * Loss and gradients of Q [N, D] and K [M, D]. Gradients are those of the loss as declared (its means included).
   *
   * @throws {InfinitileError} naming every mistake in the inputs.
   */
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<RunResult> {
    const params = checkParameters(this.loss, inputs.params ?? {});
    const session = await this.session(inputs, options.signal);
    try {
      return await this.#runOnce(session, params, options);
    } finally {
      session.close();
    }
  }

  /** Releases the device and everything on it. */
  close(): void {
    this.#options.backend.close();
  }

  async #runOnce(session: Session, params: Parameters, { gradients = true, lse = false, signal, onProgress }: RunOptions): Promise<RunResult> {
    const step = await session.step({
      params,
      gradients,
      forward: lse,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { loss, softmax, bound, forwardMilliseconds, backwardMilliseconds } = step;
    const result = { loss, softmax, bound, forwardMilliseconds, backwardMilliseconds };
    return {
      ...result,
      ...(gradients ? { gradients: await readGradients(session, bound, step.params) } : {}),
      ...(lse ? { lse: await readLse(session, this.loss) } : {}),
    };
  }

  #compile(softmax: SoftmaxMode): Program {
    const { loss, dim, precision, tiling, backend } = this.#options;
    return compileProgram({ loss, dim, precision, tiling, target: backend.target, softmax });
  }
}

async function readGradients(session: Session, { shape, plan }: BoundPlan, params: Readonly<Record<string, number>>): Promise<NonNullable<RunResult['gradients']>> {
  const [q, k] = [new Float32Array(shape.n * plan.dim), new Float32Array(shape.m * plan.dim)];
  await session.read('dQueries', q);
  await session.read('dKeys', k);
  return { q, k, params };
}

async function readLse(session: Session, loss: PairwiseLoss): Promise<NonNullable<RunResult['lse']>> {
  return {
    ...(loss.rows === undefined ? {} : { rows: await session.readLse('row') }),
    ...(loss.cols === undefined ? {} : { cols: await session.readLse('col') }),
  };
}

function overBudget({ chunk, workspaceBytes }: BoundPlan, budget: number, fitting: ChunkLevel | undefined): Diagnostic {
  const smaller = fitting === undefined ? '' : `, or take a chunk of at most ${fitting.rows} x ${fitting.cols}, or leave the chunk open`;
  return {
    code: 'INF3103',
    message: `a chunk of ${chunk.rows} x ${chunk.cols} takes ${formatBytes(workspaceBytes)} of workspace; the budget is ${formatBytes(budget)}`,
    hint: `raise the budget (${budgetOf(workspaceBytes)})${smaller}`,
  };
}

function underOneBlock({ chunk, workspaceBytes }: BoundPlan, budget: number): Diagnostic {
  return {
    code: 'INF3103',
    message: `one block of ${chunk.rows} x ${chunk.cols} takes ${formatBytes(workspaceBytes)} of workspace; the budget is ${formatBytes(budget)}`,
    hint: `raise the budget (${budgetOf(workspaceBytes)}), or take a smaller block`,
  };
}

function budgetOf(bytes: number): string {
  return `--workspace ${Math.ceil(bytes / 2 ** 20)}MiB`;
}
