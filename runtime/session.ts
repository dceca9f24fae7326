import { buffersOf, type BoundPlan } from '../codegen/plan/bind.js';
import { vectorPartials } from '../codegen/plan/lower.js';
import type { SoftmaxMode } from '../codegen/plan/plan.js';
import { hasSoftmax } from '../codegen/plan/positives.js';
import type { Program } from '../codegen/compile.js';
import { finalize } from '../codegen/reduction/log-sum-exp.js';
import { InfinitileError } from '../dsl/diagnostics/index.js';
import type { NativeBuffer, NativeModule } from './addon.js';
import { checkFinite, sumOutOfRange } from './check-inputs.js';
import type { Device } from './device/device.js';
import { execute, type Control } from './execute.js';
import type { SessionInputs } from './inputs.js';
import type { PositiveRelation } from './positives.js';
import { logitRange, noScalars, runScalars, uniformsOf, type Extremes, type Parameters } from './scalars.js';
import { exactRange, softmaxRange, type SoftmaxRange } from './softmax-range.js';

/** A program ready to run: its plan bound to the session's shapes, its modules loaded. */
export interface LoadedProgram {
  readonly program: Program;
  readonly bound: BoundPlan;
  readonly modules: ReadonlyMap<string, NativeModule>;
}

export interface StepOptions {
  readonly params: Parameters;
  /** Forward alone, or forward and backward. */
  readonly gradients: boolean;
  /** Walk forward even where the backward walk alone gives the loss, so that its statistics can be read. */
  readonly forward?: boolean;
  readonly signal?: AbortSignal;
  /** Pairs walked so far, and in all: each pair counts once forward and once backward. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface StepResult {
  readonly loss: number;
  /** Gradients of the learned scalars; empty without `gradients`. */
  readonly params: Readonly<Record<string, number>>;
  readonly softmax: SoftmaxMode;
  readonly bound: BoundPlan;
  readonly forwardMilliseconds: number;
  readonly backwardMilliseconds: number;
}

/**
 * One pair of inputs on a device, stepped as often as wanted: a training step changes the parameters, a benchmark repeats.
 * Inputs, statistics and workspace stay allocated until `close`.
 */
export class Session {
  readonly #device: Device;
  readonly #inputs: SessionInputs;
  readonly #load: (mode: SoftmaxMode) => Promise<LoadedProgram>;
  readonly #buffers = new Map<string, NativeBuffer>();
  #workspaceOf: Program | undefined;
  #norms = { queries: 0, keys: 0 };

  private constructor(device: Device, inputs: SessionInputs, load: (mode: SoftmaxMode) => Promise<LoadedProgram>) {
    this.#device = device;
    this.#inputs = inputs;
    this.#load = load;
  }

  /**
   * Loads the inputs and looks at every value once.
   *
   * @throws {InfinitileError} when a value is not finite: which tensor, which row.
   */
  static async open(
    device: Device,
    inputs: SessionInputs,
    load: (mode: SoftmaxMode) => Promise<LoadedProgram>,
    signal?: AbortSignal,
  ): Promise<Session> {
    const session = new Session(device, inputs, load);
    try {
      await session.#loadInputs(signal);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Forward, and backward if asked for. Starts over with running maxima when the bounded attempt leaves fp32's range. */
  async step(options: StepOptions): Promise<StepResult> {
    const { loss, n, m, relation } = this.#inputs;
    const { program } = await this.#load('bounded');
    const logits = logitRange(program, loss, options.params, this.#extremes());
    const range = hasSoftmax(loss) ? softmaxRange(logits, Math.max(n, m), leastWeight(relation)) : { ...exactRange, mode: 'bounded' as const };
    const first = await this.#attempt(range, options);
    if (first !== undefined) return first;
    const second = range.mode === 'running' ? undefined : await this.#attempt(exactRange, options);
    if (second === undefined) throw new InfinitileError([sumOutOfRange(loss.name, logits)]);
    return second;
  }

  /** Copies rows of a gradient, or of a statistic, to the host. */
  async read(name: 'dQueries' | 'dKeys', target: Float32Array, firstRow = 0): Promise<void> {
    await this.#require(name).read(target, firstRow * this.#inputs.dim * 4);
  }

  /** log sum exp of each row (column), in fp64 from the fp32 state. */
  async readLse(side: 'row' | 'col'): Promise<Float64Array> {
    const length = side === 'row' ? this.#inputs.n : this.#inputs.m;
    const [max, sum] = [new Float32Array(length), new Float32Array(length)];
    await this.#require(`${side}Max`).read(max, 0);
    await this.#require(`${side}Sum`).read(sum, 0);
    return Float64Array.from(max, (value, i) => finalize({ max: value, sum: sum[i] ?? 0 }));
  }

  close(): void {
    for (const buffer of this.#buffers.values()) buffer.free();
    this.#buffers.clear();
  }

  /** One run with the given mode; undefined when the guard ended it. */
  async #attempt(range: SoftmaxRange, options: StepOptions): Promise<StepResult | undefined> {
    const { loss, relation, n, m } = this.#inputs;
    const loaded = await this.#load(range.mode);
    const { program, bound } = loaded;
    const { plan } = program;
    const needsForward = hasSoftmax(loss) || !options.gradients || options.forward === true;
    const steps = [...(needsForward ? plan.forward : []), ...(options.gradients ? plan.backward : [])];
    this.#allocate(program, bound, buffersOf(steps));
    const environment = {
      device: this.#device,
      buffers: this.#buffers,
      modules: loaded.modules,
      scalars: runScalars(program, loss, options.params, this.#extremes(), relation, range),
      uniforms: uniformsOf(program, loss, options.params, n, m),
    };
    const control = this.#control(options, bound, (needsForward ? 1 : 0) + (options.gradients ? 1 : 0));
    const forward = await execute(bound, needsForward ? plan.forward : [], environment, control);
    if (!forward.inRange) return undefined;
    const forwardScalars = needsForward ? await this.#readScalars() : undefined;
    const backward = await execute(bound, options.gradients ? plan.backward : [], environment, control);
    const scalars = options.gradients ? await this.#readScalars() : forwardScalars;
    return {
      loss: (await this.#softmaxLoss()) + (scalars?.[0] ?? 0),
      params: options.gradients ? Object.fromEntries(loss.params.map((name, i) => [name, scalars?.[i + 1] ?? 0])) : {},
      softmax: range.mode,
      bound,
      forwardMilliseconds: forward.milliseconds,
      backwardMilliseconds: backward.milliseconds,
    };
  }

  #control({ signal, onProgress }: StepOptions, bound: BoundPlan, passes: number): Control {
    const total = bound.shape.n * bound.shape.m * passes;
    let done = 0;
    return {
      ...(signal === undefined ? {} : { signal }),
      onPairs: (pairs) => {
        done += pairs;
        onProgress?.(done, total);
      },
    };
  }

  async #loadInputs(signal: AbortSignal | undefined): Promise<void> {
    const { queries, keys, relation } = this.#inputs;
    const { program, bound, modules } = await this.#load('bounded');
    this.#allocate(program, bound, new Set(['queries', 'keys', ...buffersOf(program.plan.inspect)]));
    const reading = signal === undefined ? {} : { signal };
    await queries.load(this.#require('queries'), reading);
    await keys.load(this.#require('keys'), reading);
    const environment = { device: this.#device, buffers: this.#buffers, modules, scalars: noScalars, uniforms: new Float32Array(1) };
    await execute(bound, program.plan.inspect, environment, reading);
    this.#norms = {
      queries: await this.#largestNorm('queryNorms', 'queryBadRows', queries.name),
      keys: await this.#largestNorm('keyNorms', 'keyBadRows', keys.name),
    };
    for (const [name, values] of hostStatistics(relation)) {
      const sized = bound.buffers.find((buffer) => buffer.name === name);
      if (sized === undefined) continue;
      this.#allocate(program, bound, new Set([name]));
      await this.#require(name).write(values, 0);
    }
  }

  async #largestNorm(norms: string, badRows: string, input: string): Promise<number> {
    const squares = new Float32Array(vectorPartials);
    const rows = new Int32Array(vectorPartials);
    await this.#require(norms).read(squares, 0);
    await this.#require(badRows).read(rows, 0);
    checkFinite(input, rows);
    return Math.sqrt(squares.reduce((largest, value) => Math.max(largest, value), 0));
  }

  /** Inputs and statistics are kept between programs; the workspace belongs to the program that ran last. */
  #allocate(program: Program, bound: BoundPlan, names: ReadonlySet<string>): void {
    if (this.#workspaceOf !== undefined && this.#workspaceOf !== program) {
      for (const { name, role } of this.#workspaceOf.plan.buffers) if (role === 'workspace') this.#free(name);
    }
    this.#workspaceOf = program;
    for (const { name, bytes } of bound.buffers) {
      if (names.has(name) && !this.#buffers.has(name)) this.#buffers.set(name, this.#device.allocate(Math.max(bytes, 4)));
    }
  }

  #free(name: string): void {
    this.#buffers.get(name)?.free();
    this.#buffers.delete(name);
  }

  async #readScalars(): Promise<Float64Array> {
    const scalars = new Float64Array(1 + this.#inputs.loss.params.length);
    await this.#require('scalars').read(scalars, 0);
    return scalars;
  }

  async #softmaxLoss(): Promise<number> {
    const partials = ['rowLoss', 'colLoss', 'positiveLoss'].filter((name) => this.#buffers.has(name));
    let sum = 0;
    for (const name of partials) {
      const values = new Float64Array(vectorPartials);
      await this.#require(name).read(values, 0);
      sum += values.reduce((total, value) => total + value, 0);
    }
    return sum;
  }

  /** The norms were summed in fp32: the slack covers its rounding. */
  #extremes(): Extremes {
    const { n, m } = this.#inputs;
    return { n, m, dotBound: this.#norms.queries * this.#norms.keys * (1 + 2 ** -6) };
  }

  #require(name: string): NativeBuffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new Error(`'${name}' is not there: the step that makes it has not run`);
    return buffer;
  }
}

function hostStatistics({ map, positiveWeight, rowMatched, colMatched }: PositiveRelation): readonly (readonly [string, ArrayBufferView])[] {
  return [
    ['positiveWeight', positiveWeight],
    ...(map === undefined ? [] : ([['positive', map]] as const)),
    ...(rowMatched === undefined ? [] : ([['rowWeights', rowMatched]] as const)),
    ...(colMatched === undefined ? [] : ([['colWeights', colMatched]] as const)),
  ];
}

/** The smaller weight of a row and of a column, of the terms that the loss has. */
function leastWeight({ rowWeight, colWeight }: PositiveRelation): number {
  const weights = [rowWeight, colWeight].map(Math.abs).filter((weight) => weight > 0);
  return weights.length === 0 ? 1 : Math.min(...weights);
}
