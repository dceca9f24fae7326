import { readFile } from 'node:fs/promises';
import type { Program } from '../../codegen/compile.js';
import type { Target } from '../../codegen/targets/target.js';
import { loadAddon, type NativeModule } from '../addon.js';
import { buildArtifacts } from '../artifact/artifact.js';
import { ArtifactCache } from '../artifact/cache.js';
import type { Compiler } from '../artifact/compiler.js';
import { HostCompiler } from '../artifact/toolchain/host-compiler.js';
import { NvrtcCompiler } from '../artifact/toolchain/nvrtc-compiler.js';
import { cpuTarget, cudaTarget, deviceOf } from './choose-target.js';
import type { LoadedModules } from '../loaded-program.js';
import { CudaDevice } from './cuda.js';
import type { Device } from './device.js';
import { HostDevice } from './host.js';

export interface BuildOptions {
  readonly signal?: AbortSignal;
  /** Source files found in the cache or compiled, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/** A target, the device that runs it, and the compiler that builds for that device. */
export class Backend {
  readonly target: Target;
  readonly device: Device;
  readonly #compiler: () => Promise<Compiler>;
  readonly #read: (path: string) => Promise<string | Uint8Array>;
  readonly #cache: ArtifactCache;

  private constructor(target: Target, device: Device, cache: ArtifactCache, compiler: () => Promise<Compiler>, read: (path: string) => Promise<string | Uint8Array>) {
    this.target = target;
    this.device = device;
    this.#cache = cache;
    this.#compiler = compiler;
    this.#read = read;
  }

  /**
   * `cpu`: the best target that this machine's CPU runs. `cuda`: the best that the GPU of this place in the driver's list runs.
   * Otherwise a target by its name.
   *
   * @throws {InfinitileError} when there is no such target, or nothing here runs it.
   */
  static open(name: string, gpu = 0): Backend {
    return deviceOf(name) === 'cpu' ? Backend.#onHost(cpuTarget(name)) : Backend.#onGpu(name, new CudaDevice(gpu));
  }

  async load({ plan, files }: Program, { signal, onBuild }: BuildOptions): Promise<LoadedModules> {
    const artifacts = await buildArtifacts(files, await this.#compiler(), this.#cache, { loss: plan.loss, target: plan.target }, {
      signal,
      onProgress: ({ done, total }) => onBuild?.(done, total),
    });
    const modules = new Map<string, NativeModule>();
    for (const [i, { path }] of artifacts.entries()) modules.set(files[i]?.path ?? path, this.device.loadModule(await this.#read(path)));
    for (const { name, file } of plan.kernels) modules.get(file)?.require(name);
    return { modules, reports: artifacts.flatMap(({ manifest }) => manifest.kernels) };
  }

  close(): void {
    this.device.close();
  }

  static #onHost(target: Target): Backend {
    const cache = new ArtifactCache();
    const compiler = () => HostCompiler.open({ compilerOptions: target.compilerOptions, cacheDirectory: cache.directory });
    return new Backend(target, new HostDevice(), cache, compiler, (path) => Promise.resolve(path));
  }

  static #onGpu(name: string, device: CudaDevice): Backend {
    const target = chosenFor(device, name);
    const options = { architecture: target.architecture ?? device.architecture, compilerOptions: target.compilerOptions };
    return new Backend(target, device, new ArtifactCache(), () => NvrtcCompiler.open(loadAddon(), options), (path) => readFile(path));
  }
}

function chosenFor(device: CudaDevice, name: string): Target {
  try {
    return cudaTarget(name, device.info);
  } catch (error) {
    device.close();
    throw error;
  }
}
