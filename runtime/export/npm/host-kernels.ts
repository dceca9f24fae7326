import { readFile } from 'node:fs/promises';
import type { TargetPrograms } from '../../../codegen/embed/c/index.js';
import type { Processor } from '../../../codegen/targets/target.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import { ArtifactCache, buildArtifacts, HostCompiler } from '../../artifact/index.js';
import type { ExportOptions } from '../exporter.js';

/**
 * Compiles the kernels of a CPU target, or finds them in the cache: shared objects by the source file they are made of.
 *
 * @throws {InfinitileError} INF5005 for a target of another family of CPUs than the one at hand.
 */
export async function compileHostKernels({ target, kernels }: TargetPrograms, loss: string, { signal, onBuild }: ExportOptions): Promise<ReadonlyMap<string, { readonly host: Uint8Array }>> {
  if (target.processor !== undefined && process.arch !== nodeNames[target.processor]) {
    throw new InfinitileError({
      code: 'INF5005',
      message: `kernels of ${target.name} are for ${target.processor}, and are compiled where the package is written: this is ${process.arch}`,
      hint: `write it on such a machine, leave ${target.name} out, or take --standalone: such a package compiles them where it is installed`,
    });
  }
  const cache = new ArtifactCache();
  const compiler = await HostCompiler.open({ compilerOptions: target.compilerOptions, cacheDirectory: cache.directory, signal });
  const sources = kernels.files.map(({ name, text }) => ({ path: name, text }));
  const artifacts = await buildArtifacts(sources, compiler, cache, { loss, target: target.name }, { signal, onProgress: ({ done, total }) => onBuild?.(done, total) });
  return new Map(await Promise.all(artifacts.map(async ({ path }, i) => [kernels.files[i]?.name ?? '', { host: await readFile(path) }] as const)));
}

const nodeNames: Readonly<Record<Processor, NodeJS.Architecture>> = { x86_64: 'x64', aarch64: 'arm64' };
