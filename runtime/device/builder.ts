import type { Program } from '../../codegen/compile.js';
import type { Target } from '../../codegen/targets/target.js';
import { loadAddon } from '../addon.js';
import { buildArtifacts } from '../artifact/artifact.js';
import { ArtifactCache, type Artifact } from '../artifact/cache.js';
import type { Compiler } from '../artifact/compiler.js';
import { HostCompiler } from '../artifact/toolchain/host-compiler.js';
import { NvrtcCompiler } from '../artifact/toolchain/nvrtc-compiler.js';

export interface BuildOptions {
  readonly signal?: AbortSignal;
  /** Source files found in the cache or compiled, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/** A source file of a program as a device loads it. */
export interface BuiltFile {
  readonly path: string;
  readonly manifest: Pick<Artifact['manifest'], 'kernels'>;
}

/** What has, or makes, what a device loads of a program. */
export interface ArtifactSource {
  /** In the order of the program's files. */
  build(program: Pick<Program, 'plan' | 'files'>, options?: BuildOptions): Promise<readonly BuiltFile[]>;
}

/** A target's compiler, and the cache of what it has made. No device is needed. */
export class Builder implements ArtifactSource {
  readonly target: Target;
  readonly cache: ArtifactCache;
  readonly #open: () => Promise<Compiler>;
  #compiler: Promise<Compiler> | undefined;

  private constructor(target: Target, cache: ArtifactCache, open: () => Promise<Compiler>) {
    this.target = target;
    this.cache = cache;
    this.#open = open;
  }

  /** @param architecture of the GPU at hand, where the target does not name one. */
  static for(target: Target, gpuArchitecture = '', cache = new ArtifactCache()): Builder {
    const { device, architecture, compilerOptions } = target;
    return device === 'cpu'
      ? new Builder(target, cache, () => HostCompiler.open({ compilerOptions, cacheDirectory: cache.directory }))
      : new Builder(target, cache, () => NvrtcCompiler.open(loadAddon(), { architecture: architecture ?? gpuArchitecture, compilerOptions }));
  }

  /** @throws {InfinitileError} when there is none, or one that cannot be used. */
  compiler(): Promise<Compiler> {
    this.#compiler ??= this.#open();
    return this.#compiler;
  }

  /** The artifacts of a program's files, in their order: from the cache, else compiled. */
  async build({ plan, files }: Pick<Program, 'plan' | 'files'>, { signal, onBuild }: BuildOptions = {}): Promise<readonly Artifact[]> {
    return buildArtifacts(files, await this.compiler(), this.cache, { loss: plan.loss, target: plan.target }, {
      signal,
      onProgress: ({ done, total }) => onBuild?.(done, total),
    });
  }
}
