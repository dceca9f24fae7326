import type { BoundPlan, RunShape } from '../codegen/plan/bind.js';
import { bindTiles, type BoundTiles } from '../codegen/plan/bind-tiles.js';
import { bindWithin } from '../codegen/plan/bind-within.js';
import type { Plan, SoftmaxMode } from '../codegen/plan/plan.js';
import { compileProgram, type Program } from '../codegen/compile.js';
import type { SourceText, Target } from '../codegen/targets/target.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import type { Tiling } from '../dsl/tiling.js';
import { checkParameters, checkRanked } from './check-inputs.js';
import type { Backend, BuildOptions } from './device/backend.js';
import type { Device } from './device/device.js';
import { prepareInputs, type RunInputs, type SessionInputs } from './inputs.js';
import { retrievalMetrics, type RetrievalMetrics } from './retrieval-metrics.js';
import type { Parameters } from './scalars.js';
import type { LoadedModules, LoadedProgram } from './loaded-program.js';
import { countOf, segmentsOf } from './ring/rank-shape.js';
import type { RingGroup } from './ring/ring-group.js';
import { prepareSharedInputs } from './ring/shared-inputs.js';
import { Session } from './session.js';
import { agree } from './transport/agree.js';
import type { TilingOrigin } from './tune/origin.js';
import type { Traffic } from './walks.js';

export interface KernelOptions {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  /** Depth of the embeddings that runs are given, of which the kernel reads the first `dim` numbers. */
  readonly inputDim: number;
  /** Depth of the guide's embeddings. */
  readonly guideDim: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  /** Where the tiling comes from; 'given' unless said. */
  readonly origin?: TilingOrigin;
  readonly backend: Backend;
  /** Budget in bytes; the target's default when absent. */
  readonly workspace?: number;
  /** CPU: workers. */
  readonly threads: number;
  /** Where ranks share the matrix. */
  readonly group?: RingGroup;
}

export interface RunOptions {
  /** False: the loss alone, in one pass. */
  readonly gradients?: boolean;
  /** Also return log sum exp of rows and columns. */
  readonly lse?: boolean;
  /** Also return what each row and column adds to the loss. */
  readonly perRow?: boolean;
  /** Also return in-batch retrieval metrics: of each row, and of each column, the rank of its positive. */
  readonly metrics?: boolean;
  readonly signal?: AbortSignal;
  /** Pairs walked, and in all; a pair counts once in each walk. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface RunResult {
  readonly loss: number;
  /** Of Q [N, D] and K [M, D] (in a ring, of this rank's own rows), row-major fp32 (empty for keys that the loss has none of), and of every learned scalar. Absent when not asked for. */
  readonly gradients?: { readonly q: Float32Array; readonly k: Float32Array; readonly params: Readonly<Record<string, number>> };
  /** log sum exp per row [N] and per column [M], where the loss has that softmax. Absent when not asked for. */
  readonly lse?: BySide<Float64Array>;
  /** What each row [N] and column [M] adds to the loss, before weights; NaN for one that is left out. Absent when not asked for. */
  readonly perRow?: BySide<Float64Array>;
  /** Ranks of the positives among the logits that count. Absent when not asked for. */
  readonly metrics?: BySide<RetrievalMetrics>;
  /** How exponentials were kept in range: what ran, not what was planned. */
  readonly softmax: SoftmaxMode;
  /** The chunk that was used, and the bytes of everything. */
  readonly bound: BoundPlan;
  /** Device time; forward alone where gradients were made in that walk. */
  readonly forwardMilliseconds: number;
  readonly backwardMilliseconds: number;
  /** In a ring: bytes that this rank has sent. */
  readonly traffic?: Traffic;
}

export interface BySide<T> {
  readonly rows?: T;
  readonly cols?: T;
}

/** A loss compiled for a depth, a precision and a device; it runs any number of rows. */
export class Kernel {
  readonly loss: PairwiseLoss;
  /** What runs first. The running-maxima plan is compiled when it is needed. */
  readonly plan: Plan;
  readonly sources: readonly SourceText[];
  /** How the work is split, as far as that was said; the plan has all of it. */
  readonly tiling: Tiling;
  readonly origin: TilingOrigin;
  readonly target: Target;
  readonly device: Device;
  readonly #options: KernelOptions;
  readonly #programs = new Map<string, Program>();
  readonly #loaded = new Map<Program, Promise<LoadedModules>>();

  constructor(options: KernelOptions) {
    this.loss = options.loss;
    this.tiling = options.tiling;
    this.origin = options.origin ?? 'given';
    this.target = options.backend.target;
    this.device = options.backend.device;
    this.#options = options;
    const { plan, files } = this.#program('bounded', false);
    this.plan = plan;
    this.sources = files;
  }

  /** Builds (or finds in the cache) and loads the modules. A run does it by itself; calling it first keeps it out of timings. */
  async load(mode: SoftmaxMode = 'bounded', options: BuildOptions = {}, reports = false): Promise<LoadedModules> {
    const program = this.#program(mode, reports);
    const known = this.#loaded.get(program);
    if (known !== undefined) return known;
    const building = this.#options.backend.load(program, options);
    this.#loaded.set(program, building);
    building.catch(() => this.#loaded.delete(program));
    return building;
  }

  /**
   * The plan with its shapes: the largest chunk whose workspace stays within the budget.
   *
   * @throws {InfinitileError} when the budget does not hold the tiling's own chunk, or not even one block.
   */
  bind(n: number, m: number, mode: SoftmaxMode = 'bounded'): BoundPlan {
    return this.#bind({ n, m }, this.#program(mode, false).plan);
  }

  /** Loads inputs onto the device, to be stepped as often as wanted. The caller closes the session. */
  async session(inputs: Omit<RunInputs, 'params'>, signal?: AbortSignal): Promise<Session> {
    const { dim, inputDim, guideDim, precision, group } = this.#options;
    const expected = { dim, inputDim, guideDim, precision };
    const prepared = group === undefined ? await prepareInputs(this.loss, expected, inputs) : await prepareSharedInputs(group.communicator, this.loss, expected, inputs);
    const loaded = new Map<Program, LoadedProgram>();
    const load = async (mode: SoftmaxMode, reports: boolean): Promise<LoadedProgram> => {
      const program = this.#program(mode, reports);
      const known = loaded.get(program);
      if (known !== undefined) return known;
      const { own: bound, tiles } = this.#bindTiles(prepared, program.plan);
      const build = () => this.load(mode, signal === undefined ? {} : { signal }, reports);
      const { modules } = await (group === undefined ? build() : agree(group.communicator, 'the kernels of all ranks', build));
      const made = { program, bound, tiles, modules };
      loaded.set(program, made);
      return made;
    };
    return Session.open(this.device, prepared, load, group, signal);
  }

  /**
   * Loss and gradients of Q [N, D] and K [M, D]. Gradients are those of the loss as declared (its means included).
   *
   * @throws {InfinitileError} naming every mistake in the inputs.
   */
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<RunResult> {
    const params = checkParameters(this.loss, inputs.params ?? {});
    if (options.metrics === true) checkRanked(this.loss);
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

  async #runOnce(session: Session, params: Parameters, options: RunOptions): Promise<RunResult> {
    const { gradients = true, lse = false, perRow = false, metrics = false, signal, onProgress } = options;
    const step = await session.step({
      params,
      gradients,
      forward: lse || perRow,
      reports: metrics || (perRow && this.loss.pairs !== undefined),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { loss, softmax, bound, forwardMilliseconds, backwardMilliseconds, traffic } = step;
    return {
      loss,
      softmax,
      bound,
      forwardMilliseconds,
      backwardMilliseconds,
      ...(traffic === undefined ? {} : { traffic }),
      ...(gradients ? { gradients: await readGradients(session, this.#options.dim, step.params) } : {}),
      ...(lse ? { lse: await bySide((side) => (this.loss[`${side}s`] === undefined ? undefined : session.readLse(side))) } : {}),
      ...(perRow ? { perRow: await bySide((side) => session.readValues(side)) } : {}),
      ...(metrics ? { metrics: await bySide(async (side) => retrievalMetrics(await session.readRanks(side))) } : {}),
    };
  }

  #bind(shape: Omit<RunShape, 'workers'>, plan: Plan): BoundPlan {
    const { threads, workspace = this.target.defaultWorkspace } = this.#options;
    return bindWithin(plan, { ...shape, workers: this.device.workers ?? threads }, workspace);
  }

  #bindTiles({ shape, rank, loss }: SessionInputs, plan: Plan): BoundTiles {
    const shards = rank?.tensors.map((_, of) => countOf(segmentsOf(loss, rank, 'col', of))) ?? [];
    return bindTiles((m) => this.#bind({ ...shape, m }, plan), shape.m, shards);
  }

  #program(softmax: SoftmaxMode, reports: boolean): Program {
    const key = `${softmax} ${reports}`;
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const { loss, dim, guideDim, precision, tiling, backend, group } = this.#options;
    const program = compileProgram({ loss, dim, guideDim, precision, tiling, target: backend.target, softmax, reports, ranks: group?.communicator.ranks ?? 1 });
    this.#programs.set(key, program);
    return program;
  }
}

async function readGradients(session: Session, dim: number, params: Readonly<Record<string, number>>): Promise<NonNullable<RunResult['gradients']>> {
  const [q, k] = [new Float32Array(session.rows('queries') * dim), new Float32Array(session.rows('keys') * dim)];
  if (q.length > 0) await session.read('dQueries', q);
  if (k.length > 0) await session.read('dKeys', k);
  return { q, k, params };
}

async function bySide<T>(read: (side: 'row' | 'col') => T | undefined | Promise<T | undefined>): Promise<BySide<T>> {
  const [rows, cols] = [await read('row'), await read('col')];
  return { ...(rows === undefined ? {} : { rows }), ...(cols === undefined ? {} : { cols }) };
}
