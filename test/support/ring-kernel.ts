import { automatic, compile, connectLocal, type BySide, type CompileOptions, type Communicator, type Kernel, type PairwiseLoss, type RunInputs, type RunOptions, type RunResult } from '../../runtime/index.js';
import { deviceOf } from '../../runtime/device/choose-target.js';
import type { TensorRows } from '../../runtime/matrix-shape.js';
import { retrievalMetrics } from '../../runtime/retrieval-metrics.js';
import { ownPart, rankShape, segmentsOf, wholeOf, type RankShape } from '../../runtime/ring/rank-shape.js';
import { generator } from '../numeric/rows.js';

export type Stored = Float32Array | Uint16Array;

/** Of all ranks together, in memory. */
export interface WholeInputs<Guide extends Stored = Stored> extends Pick<RunInputs, 'params' | 'convert'> {
  readonly q: Stored;
  readonly k?: Stored;
  readonly positives?: Int32Array;
  readonly rows?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly cols?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly guide?: { readonly q: Guide; readonly k?: Guide };
}

export interface RingOptions {
  readonly ranks: number;
  /** Where they divide the ranks; otherwise 1. */
  readonly nodes?: number;
  readonly inFlight?: number;
  /** Draws how many rows each rank has. */
  readonly seed?: number;
  /** Keys are copied from rank to rank, as between devices that have no memory together. */
  readonly apart?: boolean;
}

export interface RankKernel {
  readonly communicator: Communicator;
  readonly kernel: Kernel;
}

/** A loss over ranks of this process, each with a device of its own. It takes whole inputs and gives whole results, as one kernel does. */
export class RingKernel {
  readonly target: { readonly name: string; readonly device: 'cpu' | 'cuda' };
  readonly #loss: PairwiseLoss;
  readonly #options: CompileOptions;
  readonly #ring: RingOptions;
  /** By how many ranks there are. */
  readonly #kernels = new Map<number, Promise<readonly RankKernel[]>>();

  constructor(loss: PairwiseLoss, options: CompileOptions, ring: RingOptions) {
    const { target = 'cpu' } = options;
    this.target = { name: `${ring.ranks} ranks of ${target}`, device: deviceOf(target) };
    this.#loss = loss;
    this.#options = options;
    this.#ring = ring;
  }

  async run(inputs: WholeInputs, options: RunOptions = {}): Promise<RunResult> {
    return join(this.#loss, await this.runEach(inputs, options), this.shapeOf(inputs));
  }

  /** The result of every rank. */
  async runEach(inputs: WholeInputs, options: RunOptions = {}): Promise<readonly RunResult[]> {
    const shape = this.shapeOf(inputs);
    const kernels = await this.kernels(shape.tensors.length);
    return settled(kernels.map(({ kernel }, rank) => kernel.run(this.partOf(inputs, shape, rank), options)));
  }

  /** As many ranks as were asked for, unless there are too few rows. */
  shapeOf(inputs: WholeInputs): RankShape {
    const { ranks, seed = 1 } = this.#ring;
    const random = generator(seed);
    const uses = [...this.#loss.between.rows, ...this.#loss.between.cols];
    const rows = { queries: uses.includes('queries') ? inputs.q.length / this.#options.dim : 0, keys: (inputs.k?.length ?? 0) / this.#options.dim };
    const most = Math.min(ranks, ...Object.values(rows).filter((count) => count > 0));
    const queries = shares(rows.queries, most, random);
    const keys = rows.keys === rows.queries ? queries : shares(rows.keys, most, random);
    return rankShape(this.#loss, 0, queries.map((count, rank): TensorRows => ({ queries: count, keys: keys[rank] ?? 0 })));
  }

  async kernels(ranks: number): Promise<readonly RankKernel[]> {
    const made = this.#kernels.get(ranks) ?? settled(this.#connect(ranks).map(async (communicator) => ({ communicator, kernel: await this.#compile(communicator) })));
    this.#kernels.set(ranks, made);
    return made;
  }

  async close(): Promise<void> {
    for (const made of await Promise.allSettled(this.#kernels.values())) if (made.status === 'fulfilled') for (const { kernel } of made.value) kernel.close();
  }

  #connect(ranks: number): readonly Communicator[] {
    const members = connectLocal(ranks);
    if (this.#ring.apart === true) for (const member of members) Object.defineProperty(member, 'show', { value: () => Promise.resolve([]) });
    return members;
  }

  async #compile(communicator: Communicator): Promise<Kernel> {
    const { nodes = 1, inFlight = 2 } = this.#ring;
    const ring = { nodes: communicator.ranks % nodes === 0 ? nodes : 1, inFlight };
    return compile(this.#loss, { threads: 1, ...this.#options, tiling: { ...automatic, ...this.#options.tiling, ring }, ring: communicator });
  }

  /** What a rank has of whole inputs. */
  partOf({ q, k, positives, rows, cols, guide, ...same }: WholeInputs, shape: RankShape, rank: number): WholeInputs {
    const loss = this.#loss;
    const { dim, guideDim = dim } = this.#options;
    const tensor = <T extends Stored>(values: T, name: 'queries' | 'keys', depth: number): T => {
      const first = shape.tensors.slice(0, rank).reduce((sum, counts) => sum + counts[name], 0);
      return values.slice(first * depth, (first + (shape.tensors[rank]?.[name] ?? 0)) * depth) as T;
    };
    const named = (side: 'row' | 'col', all: WholeInputs['rows'] = {}) => Object.fromEntries(Object.entries(all).map(([name, values]) => [name, part(values, side)]));
    const part = (values: Int32Array | Float32Array, side: 'row' | 'col') =>
      values instanceof Int32Array ? ownPart(values, segmentsOf(loss, shape, side, rank), (length) => new Int32Array(length)) : ownPart(values, segmentsOf(loss, shape, side, rank), (length) => new Float32Array(length));
    return {
      ...same,
      q: tensor(q, 'queries', dim),
      ...(k === undefined ? {} : { k: tensor(k, 'keys', dim) }),
      ...(positives === undefined ? {} : { positives: ownPart(positives, segmentsOf(loss, shape, 'row', rank), (length) => new Int32Array(length)) }),
      ...(guide === undefined ? {} : { guide: { q: tensor(guide.q, 'queries', guideDim), ...(guide.k === undefined ? {} : { k: tensor(guide.k, 'keys', guideDim) }) } }),
      rows: named('row', rows),
      cols: named('col', cols),
    };
  }
}

function join(loss: PairwiseLoss, results: readonly RunResult[], shape: RankShape): RunResult {
  const [first] = results;
  if (first === undefined) throw new Error('a ring has a rank at least');
  const { gradients, lse, perRow, metrics } = first;
  const side = <T extends Float64Array | Int32Array>(name: 'row' | 'col', of: (result: RunResult) => T | undefined, make: (length: number) => T): T | undefined => {
    const parts = results.map(of).filter((values) => values !== undefined);
    return parts.length < results.length ? undefined : wholeOf(parts, (rank) => segmentsOf(loss, shape, name, rank), make(name === 'row' ? shape.whole.n : shape.whole.m));
  };
  const doubles = (of: (result: RunResult) => BySide<Float64Array> | undefined) => bySide((name) => side(name, (result) => of(result)?.[`${name}s`], (length) => new Float64Array(length)));
  return {
    ...first,
    ...(gradients === undefined ? {} : { gradients: { q: concatenated(results.map((result) => result.gradients?.q)), k: concatenated(results.map((result) => result.gradients?.k)), params: gradients.params } }),
    ...(lse === undefined ? {} : { lse: doubles((result) => result.lse) }),
    ...(perRow === undefined ? {} : { perRow: doubles((result) => result.perRow) }),
    ...(metrics === undefined ? {} : { metrics: bySide((name) => retrievalMetrics(side(name, (result) => result.metrics?.[`${name}s`]?.ranks, (length) => new Int32Array(length)))) }),
  };
}

function bySide<T>(of: (name: 'row' | 'col') => T | undefined): BySide<T> {
  const [rows, cols] = [of('row'), of('col')];
  return { ...(rows === undefined ? {} : { rows }), ...(cols === undefined ? {} : { cols }) };
}

function concatenated(parts: readonly (Float32Array | undefined)[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...(part ?? [])]));
}

/** Uneven shares of at least one row each. */
function shares(total: number, ranks: number, random: () => number): readonly number[] {
  if (total === 0) return Array.from({ length: ranks }, () => 0);
  const counts = Array.from({ length: ranks }, () => 1);
  for (let left = total - ranks; left > 0; ) {
    const more = Math.min(left, 1 + Math.floor(random() * Math.max(1, (2 * total) / ranks)));
    const rank = Math.floor(random() * ranks);
    counts[rank] = (counts[rank] ?? 0) + more;
    left -= more;
  }
  return counts;
}

/** All of them, or the error that the first that failed by itself has; none is left running. */
export async function settled<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(work);
  const errors = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (errors.length > 0) throw errors.find((error) => !String(error).includes('INF7101')) ?? errors[0];
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}
