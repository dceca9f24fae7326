import { setMaxListeners } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { SourceText } from '../../codegen/targets/target.js';
import type { Artifact, ArtifactCache } from './cache.js';
import type { Compiler } from './compiler.js';
import { artifactKey } from './key.js';
import { CompilationError } from './toolchain/errors.js';

/** Whose source files they are: for the manifests. */
export interface ArtifactOrigin {
  readonly loss: string;
  readonly target: string;
}

/** One source file and what makes an artifact of it. */
export interface ArtifactSpec {
  readonly source: SourceText;
  readonly key: string;
  /** From the cache, or undefined. */
  tryLoad(): Promise<Artifact | undefined>;
  /** Compiles and stores. */
  build(signal?: AbortSignal): Promise<Artifact>;
  /** From the cache, else built. */
  load(signal?: AbortSignal): Promise<Artifact>;
}

export interface BuildOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Compilers at a time. Default: one for each core. */
  readonly concurrency?: number;
}

export interface BuildProgress {
  readonly file: string;
  readonly origin: Artifact['origin'];
  readonly milliseconds: number;
  readonly done: number;
  readonly total: number;
}

export function artifactSpec(source: SourceText, compiler: Compiler, cache: ArtifactCache, origin: ArtifactOrigin): ArtifactSpec {
  const name = basename(source.path);
  const key = artifactKey({ source: source.text, compiler: compiler.identity, flags: compiler.flags, file: name });
  const output = `${basename(name, extname(name))}${compiler.extension}`;
  const spec: ArtifactSpec = {
    source,
    key,
    tryLoad: () => cache.tryLoad(key),
    load: async (signal) => (await spec.tryLoad()) ?? (await spec.build(signal)),
    build: async (signal) => {
      try {
        return await cache.store(key, async (directory) => {
          await writeFile(join(directory, name), source.text);
          const started = performance.now();
          const { log, kernels } = await compiler.compile({ source, directory, output, signal });
          const milliseconds = Math.round(performance.now() - started);
          const created = new Date().toISOString();
          const { identity, flags } = compiler;
          const facts = { ...origin, file: source.path, compiler: identity, flags: [...flags] };
          return { manifest: { kind: 'artifact', ...facts, created, milliseconds, kernels: [...kernels], log }, artifact: output };
        });
      } catch (error) {
        if (!(error instanceof CompilationError)) throw error;
        // A cache that cannot be written takes nothing from the compiler's message.
        const kept = await cache.keepFailure(key, new Map([[name, source.text], ['log.txt', error.log]])).catch(() => undefined);
        throw new CompilationError(error.compiler, source, error.log, kept);
      }
    },
  };
  return spec;
}

/**
 * Loads the artifacts of a program's source files, in their order; what is missing is compiled, several at a time. The first
 * failure stops the other compilations and is thrown when they have stopped.
 */
export async function buildArtifacts(
  files: readonly SourceText[],
  compiler: Compiler,
  cache: ArtifactCache,
  origin: ArtifactOrigin,
  options: BuildOptions = {},
): Promise<readonly Artifact[]> {
  const specs = files.map((file) => artifactSpec(file, compiler, cache, origin));
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  // As many listen as compile side by side: none is forgotten.
  setMaxListeners(0, signal);
  const artifacts = new Map<string, Artifact>();
  const queue = [...new Map(specs.map((spec) => [spec.key, spec])).values()];
  const total = queue.length;
  const work = async () => {
    for (let spec = queue.shift(); spec !== undefined; spec = queue.shift()) {
      signal.throwIfAborted();
      const started = performance.now();
      const artifact = await spec.load(signal);
      artifacts.set(spec.key, artifact);
      const milliseconds = performance.now() - started;
      options.onProgress?.({ file: spec.source.path, origin: artifact.origin, milliseconds, done: artifacts.size, total });
    }
  };
  const workers = Math.max(1, Math.min(options.concurrency ?? availableParallelism(), total));
  const outcomes = await Promise.allSettled(
    Array.from({ length: workers }, () =>
      work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  // Whatever failed first is the reason of all other failures.
  options.signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return specs.map((spec) => {
    const artifact = artifacts.get(spec.key);
    if (artifact === undefined) throw new Error(`${spec.source.path} was not built`);
    return artifact;
  });
}
