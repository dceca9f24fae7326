import { compilerVersion } from '../../emit/header.js';
import type { PackageProblem } from './interface.js';
import { packageName } from './names.js';

export interface PackageJsonRequest extends PackageProblem {
  readonly targets: readonly string[];
  /** What is packed, beside what always is. */
  readonly files: readonly string[];
  /** What of `package.json` the two forms do not share. */
  readonly own: object;
}

/** `package.json`. Its version is Infinitile's: whoever publishes the package counts on from there. */
export function packageJson({ loss, dim, precision, targets, files, own }: PackageJsonRequest): string {
  const manifest = {
    name: packageName(loss.name),
    version: compilerVersion,
    description: `Loss ${loss.name} and its exact gradients, for embeddings of ${dim} numbers of type ${precision}: ${targets.join(', ')}`,
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.19' },
    os: ['!win32'],
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    files: ['index.js', 'index.d.ts', 'manifest.json', ...files],
    ...own,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
