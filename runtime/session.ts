import type { BoundPlan } from '../codegen/plan/bind.js';
import { hasSoftmax } from '../codegen/plan/needs.js';
import type { SoftmaxMode } from '../codegen/plan/plan.js';
import type { Program } from '../codegen/compile.js';
import { InfinitileError } from '../dsl/diagnostics/index.js';
import type { Tensor } from '../dsl/loss.js';
import { sumOutOfRange, valuesOutOfRange } from './check-inputs.js';
import { DeviceBuffers } from './device-buffers.js';
import type { Device } from './device/device.js';
import type { Control, TimedCommand } from './execute.js';
import type { SessionInputs } from './inputs.js';
import { loadInputs, writeHostValues } from './load-inputs.js';
import { largestOfAll, sharedOptions } from './ring/shared-step.js';
import type { RingGroup } from './ring/ring-group.js';
import { RingWalker } from './ring/ring-walker.js';
import type { LoadedProgram, LoadProgram } from './loaded-program.js';
import { readLse, readRanks, readValues, type SideName } from './results.js';
import { extremesOf, logitRange, runScalars, uniformsOf, type Extremes, type Parameters } from './scalars.js';
import { exactRange, softmaxRange, type SoftmaxRange } from './softmax-range.js';
import { resizable } from './tensor/errors.js';
import { isResizable } from './tensor/resizable.js';
import { agree, requireSame } from './transport/agree.js';
import { Walks, walksOf, type StepWalks, type Traffic } from './walks.js';

export interface StepOptions {
  readonly params: Parameters;
  /** Forward alone, or forward and backward. */
  readonly gradients: boolean;
  /** Walk forward even where the backward walk alone gives the loss, so that its statistics can be read. */
  readonly forward?: boolean;
  /** Keep ranks of positives and sums of the pair term by row, to be read after the step. */
  readonly reports?: boolean;
  readonly signal?: AbortSignal;
  /** Pairs walked so far, and in all: each pair counts once in each walk. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every command that has run, and its time; the step takes a little longer for it. */
  readonly onCommand?: (command: TimedCommand) => void;
}

export interface StepResult {
  readonly loss: number;
  /** Gradients of the learned scalars; empty without `gradients`. */
  readonly params: Readonly<Record<string, number>>;
  readonly softmax: SoftmaxMode;
  readonly bound: BoundPlan;
  readonly forwardMilliseconds: number;
  readonly backwardMilliseconds: number;
  /** In a ring: bytes that this rank has sent. */
  readonly traffic?: Traffic;
}

/** What a rank has of the whole: its queries and keys are those from these numbers on. */
export interface SessionLayout {
  readonly rank: number;
  readonly ranks: number;
  /** Rows and columns of the whole matrix. */
  readonly n: number;
  readonly m: number;
  readonly firstQuery: number;
  readonly firstKey: number;
}

/**
 * One set of inputs on a device, stepped as often as wanted: a training step changes the parameters, a benchmark repeats.
 * Inputs, statistics and workspace stay allocated until `close`.
 */
export class Session {
  readonly #inputs: SessionInputs;
  readonly #load: LoadProgram;
  readonly #buffers: DeviceBuffers;
  readonly #walks: StepWalks;
  readonly #group: RingGroup | undefined;
  #extremes: Extremes;
  #last: Program | undefined;

  private constructor(device: Device, inputs: SessionInputs, load: LoadProgram, group: RingGroup | undefined) {
    const { loss, whole, rank, attributes, relation } = inputs;
    this.#inputs = inputs;
    this.#load = load;
    this.#group = group;
    this.#extremes = extremesOf(whole, 0, attributes);
    this.#buffers = new DeviceBuffers(device, () => this.#walks.release());
    this.#walks = group === undefined || rank === undefined ? new Walks(device, loss, this.#buffers) : new RingWalker(device, loss, this.#buffers, group, rank, relation);
  }

  /**
   * Loads the inputs and looks at every value once.
   *
   * @throws {InfinitileError} when a value is not finite: which tensor, which row.
   */
  static async open(device: Device, inputs: SessionInputs, load: LoadProgram, group?: RingGroup, signal?: AbortSignal): Promise<Session> {
    const session = new Session(device, inputs, load, group);
    try {
      const own = async () => loadInputs(device, session.#buffers, inputs, await load('bounded', false), signal);
      const norms = group === undefined ? await own() : await largestOfAll(group.communicator, await agree(group.communicator, 'the inputs of each rank', own));
      // The norms were summed in fp32: the slack covers its rounding.
      session.#extremes = extremesOf(inputs.whole, norms.queries * norms.keys * (1 + 2 ** -6), inputs.attributes);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Forward, and backward if asked for. Starts over with running maxima when the bounded attempt leaves fp32's range. */
  async step(options: StepOptions): Promise<StepResult> {
    if (this.#group !== undefined) await requireSame(this.#group.communicator, sharedOptions(options));
    const { loss, whole, relation } = this.#inputs;
    const reports = options.reports === true;
    const bounded = await this.#load('bounded', reports);
    const logits = logitRange(bounded.program, loss, options.params, this.#extremes);
    const range = hasSoftmax(loss) ? softmaxRange(logits, Math.max(whole.n, whole.m), leastWeight(relation)) : { ...exactRange, mode: 'bounded' as const };
    const first = range.mode === 'bounded' ? await this.#attempt(bounded, range, options) : undefined;
    const result = first ?? (await this.#attempt(await this.#load('running', reports), exactRange, options));
    const beyond = result === undefined ? [sumOutOfRange(loss.name, logits)] : valuesOutOfRange(loss.name, result, logits);
    if (result === undefined || beyond.length > 0) throw new InfinitileError(beyond);
    return result;
  }

  /** Copies rows of a gradient to the host. `target` stays as it is until the promise settles. */
  async read(name: 'dQueries' | 'dKeys', target: Float32Array, firstRow = 0): Promise<void> {
    if (isResizable(target)) throw resizable('target');
    const { dim, shape } = this.#inputs;
    const stacked = this.#buffers.has('dEmbeddings');
    const first = stacked && name === 'dKeys' ? shape.split + firstRow : firstRow;
    await this.#buffers.require(stacked ? 'dEmbeddings' : name).read(target, first * dim * 4);
  }

  get layout(): SessionLayout {
    const { whole, rank } = this.#inputs;
    const { n, m } = whole;
    return rank === undefined ? { rank: 0, ranks: 1, n, m, firstQuery: 0, firstKey: 0 } : { rank: rank.rank, ranks: rank.tensors.length, n, m, firstQuery: rank.firstQuery, firstKey: rank.firstKey };
  }

  /** Rows of a tensor: 0 for one that the loss does not name. */
  rows(tensor: Tensor): number {
    return this.#inputs.tensors[tensor]?.rows ?? 0;
  }

  /** log sum exp of each row (column), in fp64 from the fp32 state. */
  async readLse(side: SideName): Promise<Float64Array> {
    return readLse(this.#buffers, side, this.#inputs);
  }

  /** What each row (column) adds to the loss, unweighted; NaN for one that is left out. */
  async readValues(side: SideName): Promise<Float64Array | undefined> {
    return this.#last === undefined ? undefined : readValues(this.#buffers, side, this.#inputs, this.#last.plan);
  }

  /** How many logits that count, and are no positives, exceed that of the row's (column's) positive; -1 without one. After a step with `reports`. */
  async readRanks(side: SideName): Promise<Int32Array | undefined> {
    return this.#last === undefined ? undefined : readRanks(this.#buffers, side, this.#inputs, this.#last.plan);
  }

  close(): void {
    this.#buffers.close();
  }

  /** One run of the program of the range's mode; undefined when the guard ended it. */
  async #attempt(loaded: LoadedProgram, range: SoftmaxRange, options: StepOptions): Promise<StepResult | undefined> {
    const { loss, relation, whole } = this.#inputs;
    const { program, bound } = loaded;
    const forward = hasSoftmax(loss) || !options.gradients || options.forward === true || options.reports === true;
    const asked = { forward, backward: options.gradients };
    const walks = walksOf(bound, asked).filter((steps) => steps.length > 0);
    const request = {
      loaded,
      ...asked,
      scalars: runScalars(program, loss, options.params, this.#extremes, relation, range),
      uniforms: uniformsOf(program, loss, options.params, whole.n, whole.m),
      control: this.#control(options, bound, walks.length),
    };
    const walked = await this.#walks.run(request, (fresh) => writeHostValues(this.#buffers, this.#inputs, fresh));
    if (walked === undefined) return undefined;
    this.#last = program;
    return { ...walked, params: options.gradients ? walked.params : {}, softmax: range.mode, bound };
  }

  #control({ signal, onProgress, onCommand }: StepOptions, bound: BoundPlan, passes: number): Control {
    const total = bound.shape.n * this.#inputs.whole.m * passes;
    let done = 0;
    return {
      ...(signal === undefined ? {} : { signal }),
      ...(onCommand === undefined ? {} : { onCommand }),
      onPairs: (pairs) => {
        done += pairs;
        onProgress?.(done, total);
      },
    };
  }

}

/** The smaller weight of a row and of a column, of the terms that the loss has. */
function leastWeight({ rowWeight, colWeight }: SessionInputs['relation']): number {
  const weights = [rowWeight, colWeight].map(Math.abs).filter((weight) => weight > 0);
  return weights.length === 0 ? 1 : Math.min(...weights);
}
