import { readFileSync } from 'node:fs';
import { compilerVersion, libraryHeader } from '../../emit/header.js';
import { packagePath } from '../../emit/package-path.js';
import { render } from '../../emit/render.js';
import type { LibraryRequest, TargetPrograms } from '../c/index.js';
import { emitDeclarations } from './declarations.js';
import { definitionFile, printDefinition, type PackagedTarget } from './definition.js';
import { packageInterface } from './interface.js';
import { packageName } from './names.js';
import { packageContext } from './package-context.js';
import { packageJson } from './package-json.js';

/**
 * A package that needs Infinitile's runtime: the loss as data, which the runtime walks with the kernels that lie in the package, and the
 * types of exactly this loss. Pure: the same request gives the same bytes.
 *
 * @param kernels where the files made of the kernels lie in the package.
 */
export function emitHosted(request: LibraryRequest, compiled: readonly TargetPrograms[], kernels: readonly PackagedTarget[]): ReadonlyMap<string, string> {
  const { loss, dim, guideDim = dim, precision, tiling } = request;
  const given = packageInterface(request);
  const targets = compiled.map(({ target }) => target.name);
  const header = libraryHeader({ loss, dim, guideDim, precision, softmax: 'bounded' }, targets);
  const context = { ...packageContext(request, compiled, given), header, standalone: false };
  const definition = { kind: 'package', name: packageName(loss.name), infinitile: compilerVersion, loss, dim, guideDim, precision, tiling, targets: kernels } as const;
  return new Map([
    // Another version has other kernels.
    ['package.json', packageJson({ ...request, targets, files: [definitionFile, 'kernels'], own: { peerDependencies: { infinitile: compilerVersion } } })],
    ['index.js', render('embed/npm', 'hosted.js', context)],
    ['index.d.ts', emitDeclarations({ ...request, given, header, targets, standalone: false })],
    [definitionFile, printDefinition(definition)],
    ['README.md', render('embed/npm', 'README.md', context)],
    ['LICENSE', readFileSync(packagePath('LICENSE'), 'utf8')],
  ]);
}
