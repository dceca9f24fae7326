import { buffersOf, type BoundPlan } from '../codegen/plan/bind.js';
import type { Step } from '../codegen/plan/plan.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { DeviceBuffers } from './device-buffers.js';
import type { Device } from './device/device.js';
import { execute, givenValues, targetMilliseconds, type Control } from './execute.js';
import type { LoadedProgram } from './loaded-program.js';
import { PreparedStep } from './prepared-step.js';
import { Readings } from './readings.js';
import type { Scalars } from './scalars.js';

export interface WalkRequest {
  readonly loaded: LoadedProgram;
  /** Which walks, in this order; one at least. */
  readonly forward: boolean;
  readonly backward: boolean;
  readonly scalars: Scalars;
  readonly uniforms: Float32Array;
  readonly control: Control;
}

/** The steps of the walks that are asked for; all in the first where forward and backward are one. */
export function walksOf({ plan, fused }: BoundPlan, { forward, backward }: Pick<WalkRequest, 'forward' | 'backward'>): readonly [first: readonly Step[], second: readonly Step[]] {
  if (plan.fused !== undefined && fused && forward && backward) return [plan.fused.steps, []];
  return [forward ? plan.forward : [], backward ? plan.backward : []];
}

export interface Walked {
  readonly loss: number;
  /** Gradients of the learned scalars. */
  readonly params: Readonly<Record<string, number>>;
  /** Of forward and backward, where they are one walk. */
  readonly forwardMilliseconds: number;
  readonly backwardMilliseconds: number;
  /** In a ring: bytes that the rank has sent. */
  readonly traffic?: Traffic;
}

export interface Traffic {
  readonly forward: number;
  readonly backward: number;
}

/** What runs the walks of a step: those of one rank, or of a ring's. */
export interface StepWalks {
  /**
   * Undefined when a sum has left fp32's range, or a logit of a positive has. `write` fills those of the buffers named, which
   * are new, that the host has values for.
   */
  run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined>;
  /** Lets go of what is kept ready: before a buffer is freed. */
  release(): void;
}

/**
 * Runs a step's walks, one after the other. Where the last step was over soon, they run as one list that is kept ready: then
 * nothing waits between them, and the backward walk of an attempt that leaves fp32's range is lost, which costs as little.
 */
export class Walks implements StepWalks {
  readonly #device: Device;
  readonly #loss: PairwiseLoss;
  readonly #buffers: DeviceBuffers;
  readonly #prepared = new Map<string, PreparedStep>();
  /** The plan whose last attempt was short and stayed in range. */
  #short: BoundPlan | undefined;

  constructor(device: Device, loss: PairwiseLoss, buffers: DeviceBuffers) {
    this.#device = device;
    this.#loss = loss;
    this.#buffers = buffers;
  }

  async run(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const { bound } = request.loaded;
    // One list has one time: whoever wants that of each command is told it by the walks in turn.
    const asOne = this.#short === bound && request.control.onCommand === undefined;
    const walked = await (asOne ? this.#asOne(request, write) : this.#inTurn(request, write));
    const short = walked !== undefined && walked.forwardMilliseconds + walked.backwardMilliseconds < targetMilliseconds;
    this.#short = short && chunksOf(bound) <= mostChunks ? bound : undefined;
    return walked;
  }

  release(): void {
    for (const step of this.#prepared.values()) step.release();
    this.#prepared.clear();
  }

  async #asOne(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const { loaded, forward, backward, scalars, uniforms, control } = request;
    const key = `${forward} ${backward}`;
    const known = this.#prepared.get(key);
    const step = known?.program === loaded.program ? known : await this.#prepare(request, write);
    if (step !== known) {
      known?.release();
      this.#prepared.set(key, step);
    }
    const { readings } = step;
    await step.run(scalars, uniforms, control);
    if (!readings.inRange || !readings.checkRows()) return undefined;
    const { milliseconds } = readings;
    return { loss: readings.loss, params: readings.params, forwardMilliseconds: forward ? milliseconds.forward : 0, backwardMilliseconds: backward ? milliseconds.backward : 0 };
  }

  async #prepare(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<PreparedStep> {
    const { loaded } = request;
    const [first, second] = walksOf(loaded.bound, request);
    await this.#allocate(request, write);
    const readings = new Readings(this.#loss, this.#buffers);
    return new PreparedStep(this.#device, loaded, first, second, this.#buffers.all, readings, request.uniforms.length);
  }

  async #inTurn(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<Walked | undefined> {
    const { loaded, scalars, uniforms, control } = request;
    const { bound, modules } = loaded;
    const [first, second] = walksOf(bound, request);
    await this.#allocate(request, write);
    const readings = new Readings(this.#loss, this.#buffers);
    const environment = { device: this.#device, buffers: this.#buffers.all, modules, values: givenValues(scalars, uniforms) };
    const walk = (steps: readonly Step[]) => execute(bound, steps, environment, control, { command: readings.read, outputs: readings.outputs });
    let forwardMilliseconds = 0;
    if (first.length > 0) {
      const { milliseconds, inRange } = await walk(first);
      if (!inRange || !readings.checkRows()) return undefined;
      forwardMilliseconds = milliseconds;
    }
    const { milliseconds: backwardMilliseconds } = second.length > 0 ? await walk(second) : { milliseconds: 0 };
    return { loss: readings.loss, params: readings.params, forwardMilliseconds, backwardMilliseconds };
  }

  async #allocate(request: WalkRequest, write: (fresh: readonly string[]) => Promise<void>): Promise<void> {
    const { program, bound } = request.loaded;
    await write(this.#buffers.allocate(program, bound, buffersOf(walksOf(bound, request).flat())));
  }
}

/** A list of so many is not kept ready: it would hold more memory than the time is worth. */
const mostChunks = 64;

function chunksOf({ shape: { n, m }, chunk }: BoundPlan): number {
  return Math.ceil(n / chunk.rows) * Math.ceil(m / chunk.cols);
}
