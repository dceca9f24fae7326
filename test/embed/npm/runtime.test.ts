import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { compileTargets } from '../../../codegen/embed/c/index.js';
import { definitionFile, parseExactly, printDefinition, type PackageDefinition, type PackagedTarget } from '../../../codegen/embed/npm/definition.js';
import { emitHosted } from '../../../codegen/embed/npm/index.js';
import { constant } from '../../../dsl/expression/build.js';
import { clip, infoNCE, InfinitileError, openPackage, type PackageOptions } from '../../../runtime/index.js';
import { sha256 } from '../../../runtime/artifact/index.js';
import { readDefinition } from '../../../runtime/package/definition.js';
import { PackagedArtifacts } from '../../../runtime/package/packaged-artifacts.js';
import { here, requestOf, type ExportedCase } from '../support/exported-case.js';
import { outsideFolder, writeAll } from '../support/folder.js';

/* What the runtime makes of an exported package: what it refuses, and which kernels it takes. Nothing is compiled. */

const one: ExportedCase = { name: 'package', loss: infoNCE, precision: 'f32', queries: 1, keys: 1, dim: 16, params: {} };

/** A package whose kernels are names alone. */
async function writePackage(t: ExecutionContext, targets: readonly string[]): Promise<URL> {
  const folder = await outsideFolder(t);
  const request = requestOf(one, targets);
  const compiled = compileTargets(request);
  const kernels = compiled.map(({ target, kernels: { files } }): PackagedTarget => ({
    name: target.name,
    kernels: files.map(({ name, text }) => ({ source: sha256(text), ...(target.device === 'cpu' ? { host: `${name}.so` } : { cubin: `${name}.cubin`, ...(target.name === 'sm_80' ? { ptx: `${name}.ptx` } : {}) }) })),
  }));
  await writeAll(folder, emitHosted(request, compiled, kernels));
  return pathToFileURL(`${folder}/`);
}

async function rewrite(folder: URL, change: (text: string) => string): Promise<URL> {
  const file = new URL(definitionFile, folder);
  await writeFile(file, change(await readFile(file, 'utf8')));
  return folder;
}

const refuses = async (t: ExecutionContext, folder: URL, message: RegExp, options?: PackageOptions): Promise<void> => {
  t.regex((await t.throwsAsync(openPackage(folder, options), { instanceOf: InfinitileError })).message, message);
};

test('a package of another version, of other kernels, or damaged is refused', async (t) => {
  const written = (): Promise<URL> => writePackage(t, [here.name]);
  await refuses(t, await rewrite(await written(), (text) => text.replace(/"infinitile": "[^"]*"/, '"infinitile": "0.1.0"')), /INF5006 the kernels in infinitile-info-nce are those of infinitile 0\.1\.0/);
  await refuses(t, await rewrite(await written(), (text) => text.replaceAll(/"source": "\w/g, '"source": "x')), /INF5006 infinitile-info-nce has no kernels of 'stats\.cpp'/);
  await refuses(t, await rewrite(await written(), (text) => text.slice(0, -20)), /INF5006 '.*definition\.json' is not what was exported: it is not JSON/);
  await refuses(t, await rewrite(await written(), (text) => text.replace('"dim": 16', '"dim": "16"')), /INF5006 .*dim/);
  await refuses(t, pathToFileURL(`${await outsideFolder(t)}/`), /INF6001/);
});

test('options and devices that cannot be are refused', async (t) => {
  const folder = await writePackage(t, [here.name]);
  await refuses(t, folder, /INF4013 device is 'tpu'/, { device: 'tpu' as never });
  await refuses(t, folder, /INF4013 threads is 0/, { threads: 0 });
  await refuses(t, folder, /INF4013 gpu was given/, { gpu: 0 });
  await refuses(t, folder, /INF4013 threads was given/, { device: 'cuda', threads: 1 });
  await refuses(t, folder, /INF7001 infinitile-info-nce has no kernels that run on a GPU/, { device: 'cuda' });
  await refuses(t, await writePackage(t, ['sm_80']), /INF7001 infinitile-info-nce has no kernels that run on this CPU/);
});

test('a GPU of the cubins\' own major version takes them, a newer one PTX', async (t) => {
  const folder = await writePackage(t, ['sm_80']);
  const [compiled] = compileTargets(requestOf(one, ['sm_80']));
  const program = compiled?.programs[0];
  if (program === undefined) throw new Error('there is no program');
  const definition = await readDefinition(folder);
  const kinds = async (computeMajor: number, computeMinor: number): Promise<readonly string[]> => {
    const built = await new PackagedArtifacts(folder, definition, { computeMajor, computeMinor }).build(program);
    return [...new Set(built.map(({ path: file }) => path.extname(file)))];
  };
  t.deepEqual(await kinds(8, 6), ['.cubin']);
  t.deepEqual(await kinds(12, 0), ['.ptx']);
});

test('a definition is read as it was written, to the last bit, without the places of the machine that wrote it', (t) => {
  const loss = { ...clip, attributes: { rows: { span: 'f32' }, cols: {} }, logit: constant(-0), rows: { ...clip.rows, weight: Infinity } };
  const definition = { kind: 'package', name: 'x', infinitile: '1.0.0', loss, dim: 3, guideDim: 3, precision: 'f32', tiling: { kind: 'tiling', name: 'x', spans: { block: { file: '/secret.ts', start: 0, end: 1 } } }, targets: [] };
  const text = printDefinition(definition as unknown as PackageDefinition);
  const read = parseExactly(text) as PackageDefinition;
  t.false(text.includes('secret'));
  t.deepEqual(read.loss.attributes.rows, { span: 'f32' });
  t.true(read.loss.logit.kind === 'constant' && Object.is(read.loss.logit.value, -0));
  t.is(read.loss.rows?.weight, Infinity);
});
