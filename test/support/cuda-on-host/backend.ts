import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import type { Program } from '../../../codegen/compile.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import type { Target } from '../../../codegen/targets/target.js';
import type { NativeArg, NativeBuffer, NativeCommand, NativeList } from '../../../runtime/addon.js';
import type { Backend } from '../../../runtime/device/backend.js';
import type { LoadedModules } from '../../../runtime/loaded-program.js';
import { HostDevice } from '../../../runtime/device/host.js';
import { hostSource } from './host-source.js';

const run = promisify(execFile);
const flags = ['-std=c++17', '-O1', '-w', '-fPIC', '-fvisibility-inlines-hidden', '-fno-gnu-unique'];

/** More at once than there are cores would only take more memory: tests of a file begin together. */
const compilers = pLimit(availableParallelism());

/** The host's compiler, and the emulator compiled by it. */
export class CudaOnHost {
  readonly #folder: string;
  #programs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<CudaOnHost> {
    const folder = await mkdtemp(path.join(tmpdir(), 'cuda-on-host-'));
    await run('g++', [...flags, '-fvisibility=hidden', '-march=native', '-c', '-o', path.join(folder, 'emulator.o'), packagePath('test', 'support', 'cuda-on-host', 'emulator.cpp')]);
    return new CudaOnHost(folder);
  }

  /** Runs a target's kernels on this machine's processor: slowly, and without a GPU. The seed says in which order threads run. */
  backend(target: Target, { seed = 1, workers = 1 }: EmulationOptions = {}): Pick<Backend, 'target' | 'device' | 'load' | 'close'> {
    const device = new EmulatedDevice(seed, workers);
    const load = async ({ plan, files }: Program): Promise<LoadedModules> => {
      const libraries = await this.#compile(files.map((file) => [file.path, hostSource(file, plan.precision === 'f16')]));
      return { modules: new Map(libraries.map(([name, library]) => [name, device.loadModule(library)])), reports: [] };
    };
    return { target, device, load, close: device.close.bind(device) };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #compile(sources: readonly (readonly [name: string, text: string])[]): Promise<readonly (readonly [string, string])[]> {
    this.#programs += 1;
    const folder = path.join(this.#folder, String(this.#programs));
    await mkdir(folder);
    const compileOne = async ([name, text]: readonly [string, string]): Promise<readonly [string, string]> => {
      const [source, library] = [path.join(folder, `${name}.cpp`), path.join(folder, `${name}.so`)];
      await writeFile(source, text);
      const command = [...flags, '-shared', '-I', packagePath('test', 'support', 'cuda-on-host'), '-o', library, source, path.join(this.#folder, 'emulator.o')];
      await compilers(() => run('g++', command, { maxBuffer: 1 << 24 }));
      return [name, library];
    };
    return Promise.all(sources.map(compileOne));
  }
}

export interface EmulationOptions {
  readonly seed?: number;
  /** Multiprocessors. */
  readonly workers?: number;
}

/** The host's device, which tells kernels their grid too, and where their tensor maps point. Memory that nothing has written holds NaNs. */
class EmulatedDevice extends HostDevice {
  readonly #seed: number;

  readonly workers: number;

  constructor(seed: number, workers: number) {
    super();
    this.#seed = seed;
    this.workers = workers;
  }

  override allocate(bytes: number): NativeBuffer {
    const words = Math.ceil(bytes / 4);
    const buffer = super.allocate(words * 4);
    void super.run([{ kind: 'fill', buffer, offset: 0, words, pattern: 0xffff_ffff }]);
    return buffer;
  }

  override run(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<number> {
    return super.run(this.#emulated(commands), outputs);
  }

  override profile(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<Float64Array> {
    return super.profile(this.#emulated(commands), outputs);
  }

  override prepare(commands: readonly NativeCommand[]): NativeList {
    return super.prepare(this.#emulated(commands));
  }

  #emulated(commands: readonly NativeCommand[]): readonly NativeCommand[] {
    return commands.map((command) => forEmulator(command, this.#seed));
  }
}

function forEmulator(command: NativeCommand, seed: number): NativeCommand {
  if (command.kind !== 'launch') return command;
  const { grid, threads, sharedBytes, args } = command;
  const geometry = [grid, threads, sharedBytes, seed].map((value) => ({ kind: 'i32', value }) as const);
  const pointers = args.flatMap((arg) => (arg.kind === 'tensorMap' ? [{ kind: 'pointer', buffer: arg.buffer, offset: arg.offset } as const] : []));
  return { ...command, args: [...args.map(withoutMap), ...geometry, ...pointers] };
}

/** A tensor map as the emulator reads it, its address left out. */
function withoutMap(arg: NativeArg): NativeArg {
  if (arg.kind !== 'tensorMap') return arg;
  const { buffer, offset, rows, cols, planes, pitch, planePitch, boxRows, boxCols } = arg;
  const end = offset + 2 * ((rows - 1) * pitch + (planes - 1) * planePitch + cols);
  const legal = offset % 16 === 0 && pitch % 8 === 0 && planePitch % 8 === 0 && boxRows >= 1 && boxRows <= 256 && (boxCols === 64 || boxCols === 32) && Math.min(rows, cols, planes) >= 1;
  if (!legal || end > buffer.bytes) throw new Error(`a GPU refuses the tensor map ${JSON.stringify({ ...arg, buffer: buffer.bytes })}`);
  const words = Int32Array.of(0, 0, rows, cols, planes, pitch, planePitch, boxRows, boxCols);
  const value = new Float32Array(32);
  new Int32Array(value.buffer).set(words);
  return { kind: 'bytes', value };
}
