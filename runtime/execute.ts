import { walk, type BoundArg, type BoundPlan, type BoundStep } from '../codegen/plan/bind.js';
import type { Kernel, ScalarName, Step } from '../codegen/plan/plan.js';
import type { NativeArg, NativeBuffer, NativeCommand, NativeModule } from './addon.js';
import type { Device } from './device/device.js';

/** What the steps of a bound plan refer to by name. */
export interface Environment {
  readonly device: Device;
  readonly buffers: ReadonlyMap<string, NativeBuffer>;
  /** By the source file that holds the kernel. */
  readonly modules: ReadonlyMap<string, NativeModule>;
  readonly values: Values;
}

/** The arguments that the parameters of a run decide. */
export interface Values {
  scalar(name: ScalarName): NativeArg;
  readonly uniforms: NativeArg;
}

export function givenValues(scalars: Readonly<Record<ScalarName, number>>, uniforms: Float32Array): Values {
  return { scalar: (name) => ({ kind: 'f32', value: scalars[name] }), uniforms: { kind: 'bytes', value: uniforms } };
}

/** A command at the end of a walk, and what it fills. */
export interface Ending {
  readonly command: NativeCommand;
  readonly outputs: ArrayBufferView;
}

export interface Control {
  readonly signal?: AbortSignal;
  /** Called with the pairs walked since the last call. */
  readonly onPairs?: (pairs: number) => void;
  /** Called with every command that has run: the device then takes the time of each, which keeps them from overlapping. */
  readonly onCommand?: (command: TimedCommand) => void;
}

export interface TimedCommand {
  /** The kernel's, or the command's kind: `fill`, `read`. */
  readonly name: string;
  /** Rows times columns that lay before it: what a product of matrices multiplies. */
  readonly pairs: number;
  readonly milliseconds: number;
}

export interface Outcome {
  /** Time on the device. */
  readonly milliseconds: number;
  /** False when a guard ended the attempt: a sum has left fp32's range. */
  readonly inRange: boolean;
}

/** Work is handed over in lists that take about this long, so that progress shows and an abort is heard. */
export const targetMilliseconds = 100;

/** Lists in flight: the device has the next one before it ends the last. */
const listsInFlight = 2;

/**
 * Walks the steps of a plan on a device. The event loop is never blocked: the device works through lists of commands on a
 * thread of its own. An abort is obeyed after the lists in flight.
 *
 * @throws the signal's reason when aborted.
 */
export async function execute(bound: BoundPlan, steps: readonly Step[], environment: Environment, control: Control = {}, ending?: Ending): Promise<Outcome> {
  const queue = new ListQueue(environment.device, control, ending?.outputs);
  for (const step of walk(bound, steps)) {
    if (step.kind === 'chunk') await queue.endOfChunk(step.pairs);
    else if (step.kind === 'guard') {
      await queue.drain();
      if ((await readFlag(requireBuffer(environment, step.buffer))) === 1) return { milliseconds: queue.milliseconds, inRange: false };
    } else queue.add(nativeCommand(step, bound, environment), step.kind === 'launch' ? step.pairs : 0);
  }
  if (ending !== undefined) queue.add(ending.command, 0);
  await queue.drain();
  return { milliseconds: queue.milliseconds, inRange: true };
}

/** Commands on their way to a device, a list at a time. */
export class ListQueue {
  milliseconds = 0;
  readonly #device: Device;
  readonly #control: Control;
  readonly #outputs: ArrayBufferView | undefined;
  #commands: NativeCommand[] = [];
  /** Of each command. */
  #pairsBefore: number[] = [];
  #pairs = 0;
  #chunks = 0;
  #chunksPerList = 1;
  readonly #inFlight: Promise<void>[] = [];

  constructor(device: Device, control: Control, outputs: ArrayBufferView | undefined) {
    this.#device = device;
    this.#control = control;
    this.#outputs = outputs;
  }

  add(command: NativeCommand, pairs: number): void {
    this.#commands.push(command);
    this.#pairsBefore.push(pairs);
  }

  async endOfChunk(pairs: number): Promise<void> {
    this.#pairs += pairs;
    this.#chunks += 1;
    if (this.#chunks >= this.#chunksPerList) await this.#submit();
  }

  async drain(): Promise<void> {
    await this.#submit();
    while (this.#inFlight.length > 0) await this.#inFlight.shift();
  }

  async #submit(): Promise<void> {
    await this.#heedAbort();
    if (this.#commands.length === 0) return;
    const [commands, pairs, chunks] = [this.#commands, this.#pairs, this.#chunks];
    [this.#commands, this.#pairs, this.#chunks] = [[], 0, 0];
    const pairsBefore = this.#pairsBefore;
    this.#pairsBefore = [];
    const list = this.#run(commands, pairsBefore, pairs, chunks);
    // A list that fails while another is awaited must not count as unhandled: whoever awaits it next is told.
    list.catch(() => undefined);
    this.#inFlight.push(list);
    if (this.#inFlight.length >= listsInFlight) await this.#inFlight.shift();
  }

  async #run(commands: readonly NativeCommand[], pairsBefore: readonly number[], pairs: number, chunks: number): Promise<void> {
    const elapsed = await this.#time(commands, pairsBefore);
    this.milliseconds += elapsed;
    if (pairs > 0) this.#control.onPairs?.(pairs);
    if (chunks > 0) this.#chunksPerList = Math.max(1, Math.round((targetMilliseconds * chunks) / Math.max(elapsed, 0.01)));
  }

  async #time(commands: readonly NativeCommand[], pairsBefore: readonly number[]): Promise<number> {
    const { onCommand } = this.#control;
    if (onCommand === undefined) return this.#device.run(commands, this.#outputs);
    const times = await this.#device.profile(commands, this.#outputs);
    for (const [i, command] of commands.entries()) {
      onCommand({ name: command.kind === 'launch' ? command.name : command.kind, pairs: pairsBefore[i] ?? 0, milliseconds: times[i] ?? 0 });
    }
    return times.reduce((sum, milliseconds) => sum + milliseconds, 0);
  }

  /** The lists in flight still use the buffers: they end before the abort is thrown. */
  async #heedAbort(): Promise<void> {
    if (this.#control.signal?.aborted !== true) return;
    await Promise.allSettled(this.#inFlight);
    this.#control.signal.throwIfAborted();
  }
}

/** The steps as one list, and the pairs that it walks; its guards are looked at by whoever runs it. */
export function commandsOf(bound: BoundPlan, steps: readonly Step[], environment: Environment): { readonly commands: readonly NativeCommand[]; readonly pairs: number } {
  const commands: NativeCommand[] = [];
  let pairs = 0;
  for (const step of walk(bound, steps)) {
    if (step.kind === 'chunk') pairs += step.pairs;
    else if (step.kind !== 'guard') commands.push(nativeCommand(step, bound, environment));
  }
  return { commands, pairs };
}

export function nativeCommand(step: Exclude<BoundStep, { kind: 'guard' | 'chunk' }>, bound: BoundPlan, environment: Environment): NativeCommand {
  if (step.kind === 'fill') {
    const buffer = requireBuffer(environment, step.buffer);
    const sized = bound.buffers.find(({ name }) => name === step.buffer);
    return { kind: 'fill', buffer, offset: 0, words: (sized?.bytes ?? 0) / 4, pattern: step.pattern };
  }
  const { kernel, grid } = step;
  return {
    kind: 'launch',
    module: requireModule(environment, kernel),
    name: kernel.name,
    grid,
    threads: kernel.threads,
    sharedBytes: kernel.sharedBytes,
    args: step.args.map((arg) => nativeArg(arg, environment)),
  };
}

function nativeArg(arg: BoundArg, environment: Environment): NativeArg {
  switch (arg.kind) {
    case 'buffer':
      return { kind: 'pointer', buffer: requireBuffer(environment, arg.buffer), offset: arg.byteOffset };
    case 'tensorMap': {
      const { buffer, byteOffset, ...map } = arg;
      return { ...map, buffer: requireBuffer(environment, buffer), offset: byteOffset };
    }
    case 'null':
      return { kind: 'pointer', buffer: null, offset: 0 };
    case 'i32':
      return arg;
    case 'scalar':
      return environment.values.scalar(arg.name);
    case 'uniforms':
      return environment.values.uniforms;
  }
}

function requireBuffer({ buffers }: Environment, name: string): NativeBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new Error(`the plan names buffer '${name}', which was not allocated`);
  return buffer;
}

function requireModule({ modules }: Environment, kernel: Kernel): NativeModule {
  const module = modules.get(kernel.file);
  if (module === undefined) throw new Error(`kernel '${kernel.name}' lies in '${kernel.file}', which was not loaded`);
  return module;
}

async function readFlag(buffer: NativeBuffer): Promise<number> {
  const flag = new Int32Array(1);
  await buffer.read(flag, 0);
  return flag[0] ?? 0;
}
