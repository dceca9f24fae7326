import { readFile } from 'node:fs/promises';
import type { Program } from '../../codegen/compile.js';
import type { Target } from '../../codegen/targets/target.js';
import type { NativeModule } from '../addon.js';
import { cpuTarget, cudaTarget, deviceOf } from './choose-target.js';
import type { LoadedModules } from '../loaded-program.js';
import { Builder, type ArtifactSource, type BuildOptions } from './builder.js';
import { CudaDevice } from './cuda.js';
import type { Device } from './device.js';
import { HostDevice } from './host.js';

export type { BuildOptions };

/** A target, the device that runs it, and what builds for that device. */
export class Backend {
  readonly target: Target;
  readonly device: Device;
  readonly builder: Builder;
  readonly #source: ArtifactSource;
  readonly #read: (path: string) => Promise<string | Uint8Array>;

  private constructor(target: Target, device: Device, builder: Builder, source: ArtifactSource | undefined, read: (path: string) => Promise<string | Uint8Array>) {
    this.target = target;
    this.device = device;
    this.builder = builder;
    this.#source = source ?? builder;
    this.#read = read;
  }

  /**
   * `cpu`: the best target that this machine's CPU runs. `cuda`: the best that the GPU of this place in the driver's list runs.
   * Otherwise a target by its name. `source`: where its kernels are, unless they are compiled here.
   *
   * @throws {InfinitileError} when there is no such target, or nothing here runs it.
   */
  static open(name: string, gpu = 0, source?: ArtifactSource): Backend {
    return deviceOf(name) === 'cpu' ? Backend.#onHost(cpuTarget(name), source) : Backend.#onGpu(name, new CudaDevice(gpu), source);
  }

  async load(program: Program, options: BuildOptions): Promise<LoadedModules> {
    const { plan, files } = program;
    const artifacts = await this.#source.build(program, options);
    const modules = new Map<string, NativeModule>();
    for (const [i, { path }] of artifacts.entries()) modules.set(files[i]?.path ?? path, this.device.loadModule(await this.#read(path)));
    for (const { name, file } of plan.kernels) modules.get(file)?.require(name);
    return { modules, reports: artifacts.flatMap(({ manifest }) => manifest.kernels) };
  }

  close(): void {
    this.device.close();
  }

  static #onHost(target: Target, source: ArtifactSource | undefined): Backend {
    return new Backend(target, new HostDevice(), Builder.for(target), source, (path) => Promise.resolve(path));
  }

  static #onGpu(name: string, device: CudaDevice, source: ArtifactSource | undefined): Backend {
    const target = chosenFor(device, name);
    return new Backend(target, device, Builder.for(target, device.architecture), source, (path) => readFile(path));
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
