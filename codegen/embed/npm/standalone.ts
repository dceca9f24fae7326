import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { libraryHeader } from '../../emit/header.js';
import { packagePath } from '../../emit/package-path.js';
import { render } from '../../emit/render.js';
import { libraryNames, type LibraryRequest, type TargetPrograms } from '../c/index.js';
import { addonContext } from './addon-context.js';
import { emitDeclarations } from './declarations.js';
import { packageInterface } from './interface.js';
import { packageJson } from './package-json.js';
import { packageContext } from './package-context.js';

const modules = ['inputs.js', 'native.js', 'CMakeLists.txt'] as const;
const addonParts = ['addon.c', 'failure.h', 'inputs.h', 'kernel.h', 'open.h', 'call.h', 'run.h'] as const;
const nodeHeaders = ['node_api.h', 'node_api_types.h', 'js_native_api.h', 'js_native_api_types.h'] as const;

/**
 * A package that needs no other: the C library as `--format c` writes it, an addon of Node-API over it, and what checks a run's inputs.
 * A script builds it when it is installed. Pure: the same request gives the same bytes.
 *
 * @param library its files by their path.
 */
export function emitStandalone(request: LibraryRequest, compiled: readonly TargetPrograms[], library: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { loss, dim, guideDim = dim, precision } = request;
  const names = libraryNames(loss.name);
  const given = packageInterface(request);
  const targets = compiled.map(({ target }) => target.name);
  const problem = { loss, dim, guideDim, precision, softmax: 'bounded' } as const;
  const header = libraryHeader(problem, targets);
  const context = { ...names, ...packageContext(request, compiled, given), ...addonContext(problem, names, given), header, cmakeHeader: header.replaceAll('//', '#'), standalone: true };
  const files = new Map<string, string>();
  files.set('package.json', packageJson({ ...request, targets, files: [...modules, 'addon', 'node-api', 'library'], own: { scripts: { install: buildCommand } } }));
  files.set('index.js', render('embed/npm', 'standalone.js', context));
  files.set('index.d.ts', emitDeclarations({ ...request, given, header, targets, standalone: true }));
  for (const name of modules) files.set(name, render('embed/npm', name, context));
  for (const name of [...addonParts, ...(context.half ? ['half.h'] : []), ...(context.hasCuda ? ['gpu.h'] : [])]) files.set(`addon/${name}`, render('embed/npm/addon', name, context));
  for (const [name, text] of nodeApi()) files.set(`node-api/${name}`, text);
  for (const [name, text] of library) files.set(`library/${name}`, text);
  files.set('README.md', render('embed/npm', 'README.md', context));
  files.set('LICENSE', readFileSync(packagePath('LICENSE'), 'utf8'));
  return files;
}

const buildCommand = 'cmake -S . -B build && cmake --build build --parallel 4';

/** The declarations of Node-API, which not every Node brings, with their license. */
function nodeApi(): ReadonlyMap<string, string> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json'));
  const read = (...names: readonly string[]): string => readFileSync(path.join(folder, ...names), 'utf8');
  return new Map([...nodeHeaders.map((name) => [name, read('include', name)] as const), ['LICENSE', read('LICENSE')]]);
}
