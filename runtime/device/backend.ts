import { readFile } from 'node:fs/promises';
import type { Program } from '../../codegen/compile.js';
import { cpuTargetFor } from '../../codegen/targets/cpu/index.js';
import { targetNamed, targets } from '../../codegen/targets/index.js';
import type { Target } from '../../codegen/targets/target.js';
import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { loadAddon, type NativeModule } from '../addon.js';
import { buildArtifacts } from '../artifact/artifact.js';
import { ArtifactCache } from '../artifact/cache.js';
import type { Compiler } from '../artifact/compiler.js';
import { HostCompiler } from '../artifact/toolchain/host-compiler.js';
import { NvrtcCompiler } from '../artifact/toolchain/nvrtc-compiler.js';
import type { LoadedModules } from '../loaded-program.js';
import { CudaDevice } from './cuda.js';
import { cpuFeatures } from './cpu.js';
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
   * `cpu`: the best target that this machine's CPU runs. `cuda`: the first GPU. Otherwise a target by its name.
   *
   * @throws {InfinitileError} when there is no such target, or nothing here runs it.
   */
  static open(name: string): Backend {
    const target = chooseTarget(name);
    return target.device === 'cpu' ? Backend.#onHost(target) : Backend.#onGpu(target, new CudaDevice());
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

  static #onGpu(target: Target, device: CudaDevice): Backend {
    const options = { architecture: device.architecture, compilerOptions: target.compilerOptions };
    return new Backend(target, device, new ArtifactCache(), () => NvrtcCompiler.open(loadAddon(), options), (path) => readFile(path));
  }
}

function chooseTarget(name: string): Target {
  if (name === 'cuda') return named('sm_80');
  if (name !== 'cpu') return named(name);
  const features = cpuFeatures();
  const target = cpuTargetFor(features);
  if (target === undefined) throw new InfinitileError([noCpuTarget()]);
  return target;
}

function named(name: string): Target {
  const target = targetNamed(name);
  if (target === undefined) {
    const known = ['cpu', 'cuda', ...targets.map((candidate) => candidate.name)].join(', ');
    throw new InfinitileError([{ code: 'INF7001', message: `there is no target '${name}'`, hint: `there are ${known}` }]);
  }
  if (target.device === 'cpu' && !runsHere(target)) {
    throw new InfinitileError([{ code: 'INF7001', message: `this CPU does not run ${name}: ${target.summary}`, hint: "take target 'cpu', the best that it runs" }]);
  }
  return target;
}

function runsHere(target: Target): boolean {
  return target.requires.every((feature) => cpuFeatures().includes(feature));
}

function noCpuTarget(): Diagnostic {
  return {
    code: 'INF7001',
    message: `no CPU target runs on this machine (${process.arch})`,
    hint: `it needs one of: ${targets.filter(({ device }) => device === 'cpu').map(({ summary }) => summary).join('; ')}`,
  };
}
