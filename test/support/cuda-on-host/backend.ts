import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Program } from '../../../codegen/compile.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { sm80 } from '../../../codegen/targets/sm_80/index.js';
import type { NativeBuffer, NativeCommand, NativeList } from '../../../runtime/addon.js';
import type { Backend } from '../../../runtime/device/backend.js';
import type { LoadedModules } from '../../../runtime/loaded-program.js';
import { HostDevice } from '../../../runtime/device/host.js';
import { hostSource } from './host-source.js';

const run = promisify(execFile);
const flags = ['-std=c++17', '-O1', '-w', '-fPIC', '-fvisibility-inlines-hidden', '-fno-gnu-unique'];

/** The host's compiler with the emulator's header, compiled once. */
export class CudaOnHost {
  readonly #folder: string;
  #programs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<CudaOnHost> {
    const folder = await mkdtemp(path.join(tmpdir(), 'cuda-on-host-'));
    const header = path.join(folder, 'emulator.h');
    await copyFile(packagePath('test', 'support', 'cuda-on-host', 'emulator.h'), header);
    await run('g++', [...flags, '-x', 'c++-header', header]);
    return new CudaOnHost(folder);
  }

  /** Runs sm_80's kernels on this machine's processor: slowly, and without a GPU. */
  backend(): Pick<Backend, 'target' | 'device' | 'load' | 'close'> {
    const device = new EmulatedDevice();
    const load = async ({ plan, files }: Program): Promise<LoadedModules> => {
      const libraries = await this.#compile(files.map((file) => [file.path, hostSource(file, plan.precision === 'f16')]));
      return { modules: new Map(libraries.map(([name, library]) => [name, device.loadModule(library)])), reports: [] };
    };
    return { target: sm80, device, load, close: device.close.bind(device) };
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
      await run('g++', [...flags, '-shared', '-I', this.#folder, '-o', library, source], { maxBuffer: 1 << 24 });
      return [name, library];
    };
    return Promise.all(sources.map(compileOne));
  }
}

/** The host's device, which tells kernels their grid too. Memory that nothing has written holds NaNs. */
class EmulatedDevice extends HostDevice {
  override allocate(bytes: number): NativeBuffer {
    const words = Math.ceil(bytes / 4);
    const buffer = super.allocate(words * 4);
    void super.run([{ kind: 'fill', buffer, offset: 0, words, pattern: 0xffff_ffff }]);
    return buffer;
  }

  override run(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<number> {
    return super.run(commands.map(withGeometry), outputs);
  }

  override prepare(commands: readonly NativeCommand[]): NativeList {
    return super.prepare(commands.map(withGeometry));
  }

  override profile(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<Float64Array> {
    return super.profile(commands.map(withGeometry), outputs);
  }
}

function withGeometry(command: NativeCommand): NativeCommand {
  if (command.kind !== 'launch') return command;
  const { grid, threads, sharedBytes, args } = command;
  return { ...command, args: [...args, ...[grid, threads, sharedBytes].map((value) => ({ kind: 'i32', value }) as const)] };
}
