import type { ChunkLevel } from '../../dsl/tiling.js';
import { evaluateExtent, type Shape } from './extent.js';
import { elementBytes, type Arg, type Buffer, type Kernel, type Plan, type Step, type TiledMatrix } from './plan.js';

export interface RunShape extends Partial<Stack>, Partial<Shard> {
  /** Rows and columns of the matrix. */
  readonly n: number;
  readonly m: number;
  /** What works side by side: threads of the host, at the most, or multiprocessors of a GPU. */
  readonly workers: number;
}

/** Where rows and columns lie among stacked embeddings; zeros where nothing is stacked. */
export interface Stack {
  readonly stack: number;
  readonly split: number;
  readonly rowStart: number;
  readonly colStart: number;
}

export const unstacked: Stack = { stack: 0, split: 0, rowStart: 0, colStart: 0 };

/** Where a rank's queries and keys begin among those of all ranks, and where rows and columns of all lie among stacked embeddings. */
export interface Shard {
  readonly firstQuery: number;
  readonly firstKey: number;
  readonly wholeSplit: number;
  readonly wholeRowStart: number;
  readonly wholeColStart: number;
}

/** A shape of one rank, before its stack, sizes and chunks are known. */
export const unshared: Omit<Shape, 'n' | 'm' | 'chunkRows' | 'chunkCols' | 'rows' | 'cols' | 'workers'> = {
  ...unstacked,
  ...{ row0: 0, col0: 0, rowShift: 0, colShift: 0 },
  ...{ firstQuery: 0, firstKey: 0, wholeSplit: 0, wholeRowStart: 0, wholeColStart: 0 },
};

/** A plan with its shapes known: the chunk that is used, and the bytes of everything. */
export interface BoundPlan {
  readonly plan: Plan;
  readonly shape: Shape;
  /** Whether a chunk has all columns, so that gradients are made in the forward walk where they are asked for. */
  readonly fused: boolean;
  /** That of the forward walk, whose chunks may be larger. */
  readonly forwardShape: Shape;
  readonly chunk: ChunkLevel;
  readonly buffers: readonly SizedBuffer[];
  /** Bytes of all buffers with role `workspace`. */
  readonly workspaceBytes: number;
}

export interface SizedBuffer extends Buffer {
  readonly elements: number;
  readonly bytes: number;
}

/** Binds a plan with the chunk given, made even over the matrix and never larger than it. */
export function bind(plan: Plan, run: RunShape, chunk: ChunkLevel = plan.tiling.chunk): BoundPlan {
  const workers = Math.min(run.workers, plan.tiling.chunk.workers ?? Infinity);
  const shapeOf = (rows: number, cols: number): Shape => {
    const [chunkRows, chunkCols] = [evenPiece(run.n, rows, plan.tiling.block.rows), evenPiece(run.m, cols, plan.tiling.block.cols)];
    return { ...unshared, ...run, workers, chunkRows, chunkCols, rows: chunkRows, cols: chunkCols };
  };
  const [shape, forwardShape] = [shapeOf(chunk.rows, chunk.cols), shapeOf(chunk.rows * plan.forwardRows, chunk.cols * plan.forwardCols)];
  const [inForward, inBackward, inFused] = [buffersOf(plan.forward), buffersOf(plan.backward), buffersOf(plan.fused?.steps ?? [])];
  const fused = plan.fused !== undefined && shape.chunkCols >= run.m;
  const used = plan.buffers.filter(({ name }) => fused || !inFused.has(name) || inForward.has(name) || inBackward.has(name));
  const buffers = used.map((buffer) => {
    const counts = [...(inForward.has(buffer.name) ? [forwardShape] : []), ...(inBackward.has(buffer.name) || !inForward.has(buffer.name) ? [shape] : [])];
    const elements = Math.max(...counts.map((counted) => evaluateExtent(buffer.count, counted)));
    return { ...buffer, elements, bytes: elements * elementBytes[buffer.element] };
  });
  return {
    plan,
    fused,
    shape: { ...shape, rows: run.n, cols: run.m },
    forwardShape: { ...forwardShape, rows: run.n, cols: run.m },
    chunk: { rows: shape.chunkRows, cols: shape.chunkCols },
    buffers,
    workspaceBytes: buffers.filter(({ role }) => role === 'workspace').reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/**
 * The largest chunk, in whole blocks, whose workspace fits; undefined when not even one block does. Rows are kept while a square is
 * left: targets choose them so that workers share a chunk evenly, and so are columns. Then it shrinks in proportion.
 */
export function largestChunk(plan: Plan, run: RunShape, budget: number): ChunkLevel | undefined {
  const { chunk, block, colsPerRound = block.cols } = plan.tiling;
  const piece = (side: 'rows' | 'cols', parts: number): number => Math.max(block[side], wholes((chunk[side] * parts) / finest, block[side]));
  const narrowed = largestOf((parts) => {
    const cols = piece('cols', parts);
    return { rows: chunk.rows, cols: wholes(cols, colsPerRound) || cols };
  });
  if (narrowed !== undefined && narrowed.cols >= Math.min(chunk.rows, chunk.cols, run.m)) return narrowed;
  return largestOf((parts) => ({ rows: piece('rows', parts), cols: piece('cols', parts) }));

  function largestOf(scaled: (parts: number) => ChunkLevel): ChunkLevel | undefined {
    const fits = (parts: number): boolean => bind(plan, run, scaled(parts)).workspaceBytes <= budget;
    if (fits(finest)) return scaled(finest);
    let [low, high] = [0, finest];
    if (!fits(low)) return undefined;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle;
    }
    return scaled(low);
  }
}

const finest = 1024;

function wholes(length: number, granule: number): number {
  return Math.floor(length / granule) * granule;
}

/** A piece size that splits `length` into equal pieces of whole blocks, none larger than `limit`. */
function evenPiece(length: number, limit: number, block: number): number {
  if (length <= limit) return length;
  const pieces = Math.ceil(length / limit);
  return Math.min(limit, Math.ceil(Math.ceil(length / pieces) / block) * block);
}

export type BoundArg =
  | { readonly kind: 'buffer'; readonly buffer: string; readonly byteOffset: number }
  | ({ readonly kind: 'tensorMap'; readonly buffer: string; readonly byteOffset: number } & TiledMatrix<number>)
  | { readonly kind: 'i32'; readonly value: number }
  | Extract<Arg, { kind: 'null' | 'scalar' | 'uniforms' }>;

export type BoundStep =
  /** `pairs`: rows times columns that lie before the launch. */
  | { readonly kind: 'launch'; readonly kernel: Kernel; readonly grid: number; readonly pairs: number; readonly args: readonly BoundArg[] }
  | Extract<Step, { kind: 'fill' | 'guard' }>
  /** A chunk has been walked: `pairs` logits are behind. A place to stop or to report. */
  | { readonly kind: 'chunk'; readonly pairs: number };

/** The steps of a bound plan in the order they run. A generator: a run over millions of rows has millions of steps. */
export function* walk(bound: BoundPlan, steps: readonly Step[]): Generator<BoundStep> {
  yield* walkWithin(bound, steps, steps === bound.plan.forward ? bound.forwardShape : bound.shape);
}

/** Of a part of the matrix: the shape's `rows` and `cols`, from `row0` and `col0` on. */
export function* walkWithin({ plan }: BoundPlan, steps: readonly Step[], shape: Shape): Generator<BoundStep> {
  yield* walkSteps(steps, shape, tablesOf(plan));
}

interface Tables {
  readonly kernels: ReadonlyMap<string, Kernel>;
  readonly bytes: ReadonlyMap<string, number>;
}

function tablesOf(plan: Plan): Tables {
  return {
    kernels: new Map(plan.kernels.map((kernel) => [kernel.name, kernel])),
    bytes: new Map(plan.buffers.map((buffer) => [buffer.name, elementBytes[buffer.element]])),
  };
}

function* walkSteps(steps: readonly Step[], shape: Shape, tables: Tables): Generator<BoundStep> {
  for (const step of steps) {
    if (step.kind === 'for') yield* walkLoop(step, shape, tables);
    else if (step.kind === 'launch') yield bindLaunch(step.kernel, step.args, shape, tables);
    else yield step;
  }
}

function* walkLoop({ axis, body }: Extract<Step, { kind: 'for' }>, shape: Shape, tables: Tables): Generator<BoundStep> {
  const [first, length, piece] = axis === 'rows' ? [shape.row0, shape.rows, shape.chunkRows] : [shape.col0, shape.cols, shape.chunkCols];
  const innermost = !body.some(({ kind }) => kind === 'for');
  for (let start = first; start < first + length; start += piece) {
    const size = Math.min(piece, first + length - start);
    const inner = axis === 'rows' ? { ...shape, row0: start, rows: size } : { ...shape, col0: start, cols: size };
    yield* walkSteps(body, inner, tables);
    if (innermost) yield { kind: 'chunk', pairs: inner.rows * inner.cols };
  }
}

function bindLaunch(name: string, args: readonly Arg[], shape: Shape, { kernels, bytes }: Tables): BoundStep {
  const kernel = kernels.get(name);
  if (kernel === undefined) throw new Error(`the plan launches '${name}', which it does not declare`);
  const boundArgs = args.map((arg) => bindArg(arg, shape, bytes));
  return { kind: 'launch', kernel, grid: evaluateExtent(kernel.grid, shape), pairs: shape.rows * shape.cols, args: boundArgs };
}

function bindArg(arg: Arg, shape: Shape, bytes: Tables['bytes']): BoundArg {
  if (arg.kind === 'extent') return { kind: 'i32', value: evaluateExtent(arg.value, shape) };
  if (arg.kind !== 'buffer' && arg.kind !== 'tensorMap') return arg;
  const place = { buffer: arg.buffer, byteOffset: evaluateExtent(arg.offset, shape) * (bytes.get(arg.buffer) ?? 0) };
  if (arg.kind === 'buffer') return { kind: 'buffer', ...place };
  const { rows, cols, pitch, planePitch, ...constant } = arg.map;
  const sizes = { rows: evaluateExtent(rows, shape), cols: evaluateExtent(cols, shape), pitch: evaluateExtent(pitch, shape), planePitch: evaluateExtent(planePitch, shape) };
  return { kind: 'tensorMap', ...place, ...constant, ...sizes };
}

/** Names of the buffers that steps touch: what a run has to allocate. */
export function buffersOf(steps: readonly Step[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const step of steps) {
    if (step.kind === 'for') for (const name of buffersOf(step.body)) names.add(name);
    else if (step.kind === 'launch') for (const arg of step.args) if ('buffer' in arg) names.add(arg.buffer);
    if (step.kind === 'fill' || step.kind === 'guard') names.add(step.buffer);
  }
  return names;
}
