import { compileTargets, type LibraryRequest, type TargetPrograms } from '../../../codegen/embed/c/index.js';
import { emitHosted, packageName, type PackagedKernels, type PackagedTarget } from '../../../codegen/embed/npm/index.js';
import { compilerVersion } from '../../../codegen/emit/header.js';
import { sha256 } from '../../artifact/index.js';
import type { Exported, ExportOptions } from '../exporter.js';
import { compileImages } from '../images.js';
import { compileHostKernels } from './host-kernels.js';
import { packageManifest } from './manifest.js';

/** A loss as an npm package that needs Infinitile's runtime, and no compiler: its kernels are compiled here. */
export async function exportHosted(request: LibraryRequest, options: ExportOptions = {}): Promise<Exported> {
  const { loss } = request;
  const compiled = compileTargets(request);
  const images = await compileImages(compiled, { loss: loss.name, ...options });
  const files = new Map<string, Uint8Array>();
  const targets: PackagedTarget[] = [];
  for (const one of compiled) {
    const built = images.get(one.target) ?? (await compileHostKernels(one, loss.name, options));
    targets.push({ name: one.target.name, kernels: one.kernels.files.map(({ name, text }) => ({ source: sha256(text), ...placed(files, one, name, built.get(name)) })) });
  }
  const texts = emitHosted(request, compiled, targets);
  const all = new Map<string, string | Uint8Array>([...texts, ...files]);
  return { name: packageName(loss.name), files: new Map([...all, ['manifest.json', packageManifest(request, compiled, { packages: { infinitile: compilerVersion } }, all)]]) };
}

type Built = Readonly<Partial<Record<'host' | 'cubin' | 'ptx', Uint8Array>>>;

/** Puts what was made of a source file among the package's files. */
function placed(files: Map<string, Uint8Array>, { target }: TargetPrograms, name: string, built: Built = {}): Omit<PackagedKernels, 'source'> {
  const places = Object.entries(built).map(([kind, bytes]) => {
    const path = `kernels/${target.name}/${name.replace(/\.\w+$/, kind === 'host' ? '.so' : `.${kind}`)}`;
    // A driver reads PTX up to its NUL.
    files.set(path, kind === 'ptx' ? Buffer.concat([bytes, Buffer.of(0)]) : bytes);
    return [kind, path] as const;
  });
  return Object.fromEntries(places);
}
