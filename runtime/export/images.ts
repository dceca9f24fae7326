import { readFile } from 'node:fs/promises';
import type { Image, Images, TargetPrograms } from '../../codegen/embed/c/index.js';
import { loadAddon } from '../addon.js';
import { ArtifactCache, buildArtifacts, NvrtcCompiler, PtxCompiler, type Compiler } from '../artifact/index.js';
import { leastArchitecture } from '../device/capability.js';

export interface ImageOptions {
  readonly loss: string;
  readonly signal?: AbortSignal;
  /** Files compiled or found in the cache, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/** Compiles the kernels of the GPU targets, or finds them in the cache. No GPU is needed. */
export async function compileImages(compiled: readonly TargetPrograms[], { loss, signal, onBuild }: ImageOptions): Promise<Images> {
  const cache = new ArtifactCache();
  const jobs = await jobsOf(compiled);
  const total = jobs.reduce((sum, { one }) => sum + one.kernels.files.length, 0);
  let before = 0;
  const images = new Map<TargetPrograms['target'], ReadonlyMap<string, Image>>();
  const bytesOf = async ({ target, kernels }: TargetPrograms, compiler: Compiler): Promise<readonly Uint8Array[]> => {
    const sources = kernels.files.map(({ name, text }) => ({ path: name, text }));
    const onProgress = ({ done }: { readonly done: number }): void => onBuild?.(before + done, total);
    const artifacts = await buildArtifacts(sources, compiler, cache, { loss, target: target.name }, { ...(signal === undefined ? {} : { signal }), onProgress });
    before += sources.length;
    return Promise.all(artifacts.map(({ path }) => readFile(path)));
  };
  for (const { one, cubins, ptx } of jobs) {
    const made = [await bytesOf(one, cubins), ...(ptx === undefined ? [] : [await bytesOf(one, ptx)])];
    const [machine = [], assembly = []] = made;
    images.set(one.target, new Map(one.kernels.files.map(({ name }, i) => [name, imageOf(machine[i], assembly[i])])));
  }
  return images;
}

interface Job {
  readonly one: TargetPrograms;
  readonly cubins: Compiler;
  /** Where newer GPUs run the target too. */
  readonly ptx?: Compiler;
}

async function jobsOf(compiled: readonly TargetPrograms[]): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const one of compiled) {
    const { device, capability, compilerOptions } = one.target;
    if (device !== 'cuda' || capability === undefined) continue;
    const options = { architecture: leastArchitecture(one.target), compilerOptions };
    const cubins = await NvrtcCompiler.open(loadAddon(), options);
    jobs.push('least' in capability ? { one, cubins, ptx: await PtxCompiler.open(loadAddon(), options) } : { one, cubins });
  }
  return jobs;
}

function imageOf(cubin: Uint8Array | undefined, ptx: Uint8Array | undefined): Image {
  if (cubin === undefined) throw new Error('a file was not compiled');
  return ptx === undefined ? { cubin } : { cubin, ptx };
}
