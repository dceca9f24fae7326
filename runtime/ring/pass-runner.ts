import type { Device } from '../device/device.js';
import { givenValues, ListQueue, targetMilliseconds, type Control, type Ending, type Values } from '../execute.js';
import { PreparedList } from '../prepared-list.js';
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
  readonly #prepared = new Map<PassName, PreparedList>();
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
    const prepared = known ?? prepare(this.#device, makeParts, run);
    this.#prepared.set(name, prepared);
    return prepared.run(run.scalars, run.uniforms, run.control);
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

function prepare(device: Device, makeParts: MakeParts, { uniforms, ending }: PassRun): PreparedList {
  return new PreparedList(device, uniforms.length, ending?.outputs ?? new Uint8Array(), (values) => {
    const parts = [...makeParts(values)];
    const commands = parts.flatMap((part) => (part.kind === 'command' ? [part.command] : []));
    const pairs = parts.reduce((sum, part) => sum + (part.kind === 'chunk' ? part.pairs : 0), 0);
    return { commands: [...commands, ...(ending === undefined ? [] : [ending.command])], pairs: [pairs] };
  });
}
