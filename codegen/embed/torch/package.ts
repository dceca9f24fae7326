import { createHash } from 'node:crypto';
import type { Precision } from '../../../dsl/problem.js';
import { compilerVersion, libraryHeader } from '../../emit/header.js';
import { render } from '../../emit/render.js';
import type { Problem } from '../../plan/problem.js';
import type { LibraryRequest } from '../c/index.js';
import { pythonArguments } from './arguments.js';
import { functionContext } from './functions.js';
import { libraryContext } from './library.js';
import { packageNames } from './names.js';
import { operatorContext } from './operators.js';

/** Where the C library lies in the project. */
const libraryFolder = 'native';

/**
 * The files of a Python project by their path: a package for PyTorch around the C library of the same request, whose files are given.
 * Pure: the same request gives the same bytes.
 */
export function emitTorch(request: LibraryRequest, library: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { loss, dim, guideDim = dim, precision, targets } = request;
  const names = packageNames(loss.name);
  const problem: Problem = { loss, dim, guideDim, precision, softmax: 'bounded' };
  const python = pythonArguments(loss);
  const context = {
    ...names,
    ...python,
    ...libraryContext(problem, names, python),
    ...operatorContext(python),
    ...functionContext(problem, python),
    header: libraryHeader(problem, [...new Set(targets.map(({ name }) => name))]).replaceAll('//', '#'),
    version: compilerVersion,
    loss: loss.name,
    dim,
    guideDim,
    precision,
    dtype: dtypes[precision],
    targets: [...new Set(targets)].map(({ name, summary, device }) => ({ name, summary, device })),
    hasCuda: targets.some(({ device }) => device === 'cuda'),
    hasGuide: loss.guide,
    hasParams: python.params.length > 0,
    hasVectors: python.vectors.length > 0,
    hasConstants: python.vectors.length > 0 || loss.guide,
  };
  const revised = { ...context, revision: revisionOf(context) };
  const written = (path: string): readonly [string, string] => [path, render('embed/torch', path.slice(path.lastIndexOf('/') + 1), revised)];
  const modules = ['__init__', 'functional', 'module', '_arguments', '_autograd', '_ops', '_operator', '_gradients', '_products', '_tracing', '_ring', '_messages', '_memory', '_handle', '_library'];
  return new Map([
    ...['pyproject.toml', 'CMakeLists.txt', 'README.md'].map(written),
    ['LICENSE', library.get('LICENSE') ?? ''],
    ...modules.map((name) => written(`src/${names.prefix}/${name}.py`)),
    [`src/${names.prefix}/py.typed`, ''],
    ...[...library].map(([path, text]) => [`${libraryFolder}/${path}`, text] as const),
  ]);
}

/** Of all that a program which calls the loss is compiled of, with where gradients lie. */
function revisionOf(context: object): string {
  const hash = createHash('sha256');
  for (const name of ['_ops', '_autograd', '_gradients', '_memory', '_products']) hash.update(render('embed/torch', `${name}.py`, context));
  return hash.digest('hex').slice(0, 8);
}

const dtypes: Readonly<Record<Precision, string>> = { f32: 'float32', bf16: 'bfloat16', f16: 'float16' };
