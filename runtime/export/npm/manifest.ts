import type { LibraryRequest, TargetPrograms } from '../../../codegen/embed/c/index.js';
import { packageName } from '../../../codegen/embed/npm/index.js';
import { compilerVersion } from '../../../codegen/emit/header.js';
import { sha256 } from '../../artifact/key.js';

/** What a package is, for machines: where it is from, what it takes, and its files with their SHA-256. */
export function packageManifest({ loss, dim, guideDim = dim, precision }: LibraryRequest, compiled: readonly TargetPrograms[], needs: object, files: ReadonlyMap<string, string | Uint8Array>): string {
  const manifest = {
    kind: 'npm package',
    name: packageName(loss.name),
    version: compilerVersion,
    license: 'Apache-2.0',
    exportedBy: `infinitile ${compilerVersion}`,
    loss: { name: loss.name, params: loss.params, attributes: loss.attributes, positives: loss.positives.kind, between: loss.between },
    constraints: { dim, ...(loss.guide ? { guideDim } : {}), precision, gradients: 'f32' },
    needs,
    targets: compiled.map(({ target }) => target.name),
    files: [...files].map(([path, content]) => ({ path, bytes: Buffer.byteLength(content), sha256: sha256(content) })),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
