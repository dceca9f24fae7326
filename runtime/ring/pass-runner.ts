import type { NativeCommand, NativeList } from '../addon.js';
import type { Device } from '../device/device.js';
import { givenValues, ListQueue, targetMilliseconds, type Control, type Ending, type Values } from '../execute.js';
import { RunValues } from '../run-values.js';
import type { Scalars } from '../scalars.js';
import type { PassPart } from './ring-pass.js';

/** What a run of a pass brings. */
export interface PassRun {
  readonly scalars: Scalars;
  readonly uniforms: Float32Array;
  readonly control: Control;
  readonly ending?: Ending;
}

/** Passes of a rank: what masks read of positives, the two walks, and these as one. */
export type PassName = 'positives' | 'forward' | 'backward' | 'both';

/** The commands of a pass, with these values of its arguments. */
export type MakeParts = (values: Values) => Iterable<PassPart>;

/** A list of more commands is not kept ready: it would hold more memory than the time is worth. */
const mostCommands = 8192;

/**
 * Runs passes of a rank: the first time in lists that let progress show and an abort be heard; a pass that was over soon, from a list that
 * is kept ready, so that ranks of one process do not wait for each other's commands.
 */
export class PassRunner {
  readonly #device: Device;
  readonly #prepared = new Map<PassName, PreparedPass>();
  readonly #short = new Set<PassName>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Whether a pass was over soon. */
  isShort(name: PassName): boolean {
    return this.#short.has(name);
  }

  /** @returns milliseconds on the device. */
  async run(name: PassName, makeParts: MakeParts, run: PassRun): Promise<number> {
    if (run.control.onCommand !== undefined || !(name === 'both' || this.isShort(name))) return this.#queued(name, makeParts, run);
    const known = this.#prepared.get(name);
    const prepared = known ?? PreparedPass.prepare(this.#device, makeParts, run);
    this.#prepared.set(name, prepared);
    return prepared.run(run);
  }

  /** Lets go of what is kept ready: before a buffer is freed. */
  release(): void {
    for (const prepared of this.#prepared.values()) prepared.release();
    this.#prepared.clear();
    this.#short.clear();
  }

  async #queued(name: PassName, makeParts: MakeParts, { scalars, uniforms, control, ending }: PassRun): Promise<number> {
    const queue = new ListQueue(this.#device, control, ending?.outputs);
    let commands = 0;
    for (const part of makeParts(givenValues(scalars, uniforms))) {
      if (part.kind === 'chunk') await queue.endOfChunk(part.pairs);
      else queue.add(part.command, part.pairs);
      commands += 1;
    }
    if (ending !== undefined) queue.add(ending.command, 0);
    await queue.drain();
    if (queue.milliseconds < targetMilliseconds && commands <= mostCommands) this.#short.add(name);
    return queue.milliseconds;
  }
}

/** A pass that the device has read already. */
class PreparedPass {
  readonly #list: NativeList;
  readonly #values: RunValues;
  readonly #pairs: number;
  readonly #outputs: ArrayBufferView;

  private constructor(list: NativeList, values: RunValues, pairs: number, outputs: ArrayBufferView) {
    this.#list = list;
    this.#values = values;
    this.#pairs = pairs;
    this.#outputs = outputs;
  }

  static prepare(device: Device, makeParts: MakeParts, { uniforms, ending }: PassRun): PreparedPass {
    const values = new RunValues(uniforms.length);
    const commands: NativeCommand[] = [];
    let pairs = 0;
    for (const part of makeParts(values.values)) {
      if (part.kind === 'chunk') pairs += part.pairs;
      else commands.push(part.command);
    }
    if (ending !== undefined) commands.push(ending.command);
    return new PreparedPass(device.prepare(commands), values, pairs, ending?.outputs ?? new Uint8Array());
  }

  /** @throws the signal's reason when aborted before it starts. */
  async run({ scalars, uniforms, control: { signal, onPairs } }: PassRun): Promise<number> {
    signal?.throwIfAborted();
    this.#values.set(scalars, uniforms);
    const milliseconds = await this.#list.run(this.#values.inputs, this.#outputs);
    if (this.#pairs > 0) onPairs?.(this.#pairs);
    return milliseconds;
  }

  release(): void {
    this.#list.release();
  }
}
