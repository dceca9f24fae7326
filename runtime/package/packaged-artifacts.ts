import { fileURLToPath } from 'node:url';
import type { Program } from '../../codegen/compile.js';
import type { PackageDefinition, PackagedKernels } from '../../codegen/embed/npm/definition.js';
import type { SourceText } from '../../codegen/targets/target.js';
import { sha256 } from '../artifact/index.js';
import type { ArtifactSource, BuiltFile } from '../device/builder.js';
import { cubinServes, type Gpu } from '../device/capability.js';
import { targetNamed } from '../../codegen/targets/index.js';
import { otherKernels } from './errors.js';

/** The kernels that lie in a package, found by the text of their sources: nothing is compiled. */
export class PackagedArtifacts implements ArtifactSource {
  readonly #folder: URL;
  readonly #definition: PackageDefinition;
  readonly #gpu: Gpu | undefined;

  /** `gpu`: what they are for, unless that is the CPU. */
  constructor(folder: URL, definition: PackageDefinition, gpu: Gpu | undefined) {
    this.#folder = folder;
    this.#definition = definition;
    this.#gpu = gpu;
  }

  /** @throws {InfinitileError} INF5006 for a source that the package has nothing of. */
  build({ plan, files }: Pick<Program, 'plan' | 'files'>): Promise<readonly BuiltFile[]> {
    const packaged = this.#definition.targets.find(({ name }) => name === plan.target)?.kernels ?? [];
    const known = new Map(packaged.map((kernels) => [kernels.source, kernels]));
    return Promise.resolve(files.map((file) => this.#built(file, plan.target, known.get(sha256(file.text)))));
  }

  #built({ path }: SourceText, target: string, kernels: PackagedKernels | undefined): BuiltFile {
    const found = kernels === undefined ? undefined : this.#gpu === undefined ? kernels.host : this.#imageFor(this.#gpu, target, kernels);
    if (found === undefined) throw otherKernels(this.#definition.name, path);
    return { path: fileURLToPath(new URL(found, this.#folder)), manifest: { kernels: [] } };
  }

  #imageFor(gpu: Gpu, name: string, { cubin, ptx }: PackagedKernels): string | undefined {
    const target = targetNamed(name);
    return target !== undefined && cubinServes(target, gpu) ? cubin : ptx;
  }
}
