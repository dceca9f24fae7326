import { availableParallelism } from 'node:os';
import { InfinitileError } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { MatryoshkaLoss } from '../dsl/matryoshka.js';
import { mostDim, type Precision } from '../dsl/problem.js';
import type { Tiling } from '../dsl/tiling.js';
import { automatic } from '../dsl/tilings.js';
import type { Target } from '../codegen/targets/target.js';
import { Backend } from './device/backend.js';
import { Kernel, type KernelOptions } from './kernel.js';
import { MatryoshkaKernel } from './matryoshka.js';
import { agreeOnKernel } from './ring/agree-on-kernel.js';
import { joinRing, type RingGroup } from './ring/ring-group.js';
import { agree } from './transport/agree.js';
import type { Communicator } from './transport/communicator.js';
import { chooseTiling, chooseTilingTogether, type ChosenTiling } from './tune/choose-tiling.js';

export interface CompileOptions {
  /** D: numbers in an embedding. */
  readonly dim: number;
  /** Numbers in an embedding of the guide, for a guided loss; D, unless said. */
  readonly guideDim?: number;
  /** How Q and K are stored; 'f32' unless said. */
  readonly precision?: Precision;
  /** Levels and knobs left out are those that `tune` has found, or that came with the package, else chosen by the target. */
  readonly tiling?: Tiling;
  /** Whether to look for what was found; true, unless said. Nothing is ever searched here. */
  readonly tuned?: boolean;
  /** Queries that runs are expected to have (of this rank): what was found for the nearest power of two is taken; for the largest, unless said. */
  readonly rows?: number;
  /** `cpu` (the best target this machine's CPU runs), `cuda` (its first GPU), or a target by name. `cpu` unless said. */
  readonly target?: string;
  /** Workspace budget in bytes; the target's default is 256 MiB. */
  readonly workspace?: number;
  /** CPU: workers; unless said, the cores of this machine shared out among its ranks. */
  readonly threads?: number;
  /** The ranks that share the problem: what `connect()` returns. Every rank compiles the same. */
  readonly ring?: Communicator;
  readonly signal?: AbortSignal;
  /** Source files compiled or found in the cache, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/**
 * Compiles a loss for a depth and a precision: emits kernels, builds them (or finds them in the cache) and loads them. A
 * matryoshka loss becomes a kernel for each of its prefixes.
 *
 * @throws {InfinitileError} for a tiling that the target cannot run, a missing compiler or device, a refused source.
 */
export async function compile(loss: MatryoshkaLoss, options: CompileOptions): Promise<MatryoshkaKernel>;
export async function compile(loss: PairwiseLoss, options: CompileOptions): Promise<Kernel>;
export async function compile(loss: PairwiseLoss | MatryoshkaLoss, options: CompileOptions): Promise<Kernel | MatryoshkaKernel> {
  checkOptions(options);
  return loss.kind === 'matryoshka' ? compilePrefixes(loss, options) : compileDepth(loss, options.dim, options);
}

async function compilePrefixes(loss: MatryoshkaLoss, options: CompileOptions): Promise<MatryoshkaKernel> {
  const deepest = Math.max(...loss.prefixes.map(({ dim }) => dim));
  if (deepest > options.dim) throw new InfinitileError([{ code: 'INF4013', message: `dim is ${options.dim}; a prefix of ${deepest} is asked for`, hint: `dim: ${deepest} or more` }]);
  const kernels: Kernel[] = [];
  try {
    for (const { dim } of loss.prefixes) kernels.push(await compileDepth(loss.loss, dim, options));
    return new MatryoshkaKernel(loss, options.dim, kernels);
  } catch (error) {
    for (const kernel of kernels) kernel.close();
    throw error;
  }
}

/** A kernel for the first `dim` numbers of embeddings of `options.dim`. */
async function compileDepth(loss: PairwiseLoss, dim: number, options: CompileOptions): Promise<Kernel> {
  const { guideDim = options.dim, precision = 'f32', workspace, threads = availableThreads(options.ring), signal } = options;
  const backend = await openOnEveryRank(options, precision);
  try {
    const chosen = await tilingFor(options, { loss, dim, guideDim, precision, backend, threads });
    const declared = { loss, dim, inputDim: options.dim, guideDim, precision, ...chosen, backend, threads, ...(workspace === undefined ? {} : { workspace }) };
    const group = await joined(options.ring, declared);
    const kernel = new Kernel({ ...declared, ...(group === undefined ? {} : { group }) });
    const build = { ...(signal === undefined ? {} : { signal }), ...(options.onBuild === undefined ? {} : { onBuild: options.onBuild }) };
    await onEveryRank(options.ring, 'the kernels of all ranks', () => kernel.load('bounded', build));
    return kernel;
  } catch (error) {
    backend.close();
    throw error;
  }
}

type Choosing = Pick<KernelOptions, 'loss' | 'dim' | 'guideDim' | 'precision' | 'backend' | 'threads'>;

async function tilingFor({ tiling, tuned = true, rows, workspace, ring }: CompileOptions, { backend, threads, ...problem }: Choosing): Promise<ChosenTiling> {
  const { builder, target, device } = backend;
  const question = {
    ...{ ...problem, builder, tuned, tiling: tiling ?? automatic, origin: tiling === undefined ? ('usual' as const) : ('given' as const) },
    ...{ device: device.description, workers: device.workers ?? threads, workspace: workspace ?? target.defaultWorkspace },
    ...(rows === undefined ? {} : { rows }),
  };
  return ring === undefined || ring.ranks === 1 ? chooseTiling(question) : chooseTilingTogether(ring, question);
}

function availableThreads(ring: Communicator | undefined): number {
  return Math.max(1, Math.floor(availableParallelism() / (ring?.localRanks ?? 1)));
}

/** One rank alone needs no ring. */
async function joined(communicator: Communicator | undefined, declared: KernelOptions): Promise<RingGroup | undefined> {
  if (communicator === undefined || communicator.ranks === 1) return undefined;
  await agreeOnKernel(communicator, declared);
  const { nodes = communicator.nodes, inFlight = 2 } = declared.tiling.ring ?? {};
  return joinRing(communicator, declared.backend.device, { nodes, inFlight });
}

function checkOptions({ dim, guideDim, threads, workspace, rows }: CompileOptions): void {
  const diagnostics = (
    [
      ['dim', dim, mostDim],
      ['guideDim', guideDim, mostDim],
      ['threads', threads, 4096],
      ['workspace', workspace, Number.MAX_SAFE_INTEGER],
      ['rows', rows, 2 ** 31 - 1],
    ] as const
  ).flatMap(([name, value, most]) =>
    value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)
      ? []
      : [{ code: 'INF4013' as const, message: `${name} is ${value}`, hint: `a whole number from 1 to ${most}` }],
  );
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
}

/** Where one rank alone cannot go on, none does. */
async function onEveryRank<T>(communicator: Communicator | undefined, what: string, work: () => T | Promise<T>): Promise<T> {
  return communicator === undefined ? work() : agree(communicator, what, work);
}

/** Closed again where another rank has none. */
async function openOnEveryRank({ ring, target = 'cpu' }: CompileOptions, precision: Precision): Promise<Backend> {
  let opened: Backend | undefined;
  try {
    return await onEveryRank(ring, 'the devices of all ranks', () => (opened = openBackend(target, precision, ring?.gpu)));
  } catch (error) {
    opened?.close();
    throw error;
  }
}

function openBackend(target: string, precision: Precision, gpu: number | undefined): Backend {
  const backend = Backend.open(target, gpu);
  try {
    checkPrecision(backend.target, precision);
    return backend;
  } catch (error) {
    backend.close();
    throw error;
  }
}

function checkPrecision({ name, precisions }: Target, precision: Precision): void {
  if (precisions.includes(precision)) return;
  throw new InfinitileError([
    { code: 'INF4005', message: `target ${name} does not take ${precision} inputs`, hint: `it takes ${precisions.join(', ')}` },
  ]);
}

