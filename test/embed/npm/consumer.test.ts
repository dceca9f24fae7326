import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { clip, compile } from '../../../runtime/index.js';
import { here, threads, type ExportedCase } from '../support/exported-case.js';
import { run } from '../support/run.js';
import { outsideFolder } from '../support/folder.js';
import { exportPackage, installPackage, type Form } from './support/project.js';

/*
 * An exported package, packed, installed without a network in a project outside the source tree, type-checked and run there: its results
 * are those of the kernels that are compiled here, bit for bit.
 */

const count = 210;
const dim = 40;
const one: ExportedCase = { name: 'clip', loss: clip, precision: 'f32', queries: count, keys: count, dim, params: {} };

test('a standalone package needs no other', (t) => checkConsumer(t, 'standalone'));
test('a package beside the runtime needs no compiler', (t) => checkConsumer(t, 'hosted'));

async function checkConsumer(t: ExecutionContext, form: Form): Promise<void> {
  const folder = await outsideFolder(t);
  const installed = await installPackage(folder, await exportPackage(one, form), form);
  const project = path.dirname(path.dirname(installed));
  t.deepEqual((await readdir(path.dirname(installed))).filter((name) => !name.startsWith('.')).sort(), form === 'hosted' ? ['infinitile', 'infinitile-clip'] : ['infinitile-clip']);

  await writeFile(path.join(project, 'app.ts'), appFor(form));
  await writeFile(path.join(project, 'wrong.ts'), wrong);
  await writeFile(path.join(project, 'page.ts'), await programOfPage());
  await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['app.ts', 'wrong.ts', 'page.ts'] }));
  await run(process.execPath, [packagePath('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], project);

  // Nothing to compile with, and no kernels but the package's.
  const env = { PATH: '', CXX: '', INFINITILE_CACHE_DIR: path.join(folder, 'cache') };
  const loader = form === 'hosted' ? [`--import=${packagePath('node_modules', 'tsx', 'dist', 'loader.mjs')}`] : [];
  const told = JSON.parse(await run(process.execPath, [...loader, 'app.js'], project, env)) as Told;
  const { target, ticked, ...results } = told;
  t.is(target, here.name);
  t.true(ticked);
  t.deepEqual(results, await computedHere());
  t.regex(await run(process.execPath, [...loader, 'page.js'], project, env), new RegExp(`^${here.name} [\\d.e+-]+ ${1000 * dim} [\\d.e+-]+\n$`));
  t.false((await readdir(folder)).includes('cache'));
}

/** Of docs/embedding.md. */
async function programOfPage(): Promise<string> {
  const page = await readFile(packagePath('docs', 'embedding.md'), 'utf8');
  return /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
}

interface Told {
  readonly target: string;
  /** Whether the event loop has turned while a run was at work. */
  readonly ticked: boolean;
  readonly losses: readonly number[];
  readonly params: { readonly logScale: number };
  readonly gradients: readonly (readonly number[])[];
}

async function computedHere(): Promise<Omit<Told, 'target' | 'ticked'>> {
  const matrix = (shift: number) => Float32Array.from({ length: count * dim }, (_, i) => Math.sin(i + shift) / 8);
  const kernel = await compile(clip, { dim, target: here.name, threads });
  try {
    const { loss, gradients } = await kernel.run({ q: matrix(0), k: matrix(0.5), params: { logScale: 2 } });
    if (gradients === undefined) throw new Error('gradients were asked for');
    const { q, k, params } = gradients;
    return { losses: [loss, loss, loss], params: { logScale: params['logScale'] ?? NaN }, gradients: [[...q], [...k]] };
  } finally {
    kernel.close();
  }
}

const options = { target: 'ES2023', lib: ['ES2023', 'DOM'], module: 'NodeNext', strict: true, exactOptionalPropertyTypes: true, types: [] };

const appFor = (form: Form): string => `import { dim, open, type Gradients, type Inputs } from 'infinitile-clip';

const matrix = (shift: number): Float32Array => Float32Array.from({ length: ${count} * dim }, (_, i) => Math.sin(i + shift) / 8);
const inputs: Inputs = { q: matrix(0), k: matrix(0.5), params: { logScale: 2 } };
const kernel = await open({ device: 'cpu', threads: ${threads} });
let ticked = false;
setTimeout(() => (ticked = true));
const first = kernel.run(inputs);
const second = kernel.run(inputs, { gradients: false });
${form === 'standalone' ? 'inputs.q.fill(NaN); // It was copied.\n' : ''}const [{ loss, gradients }, alone] = await Promise.all([first, second]);
const { q, k, params }: Gradients = gradients;
kernel.close();

const other = await open({ threads: ${threads} });
const again = await other.run({ ...inputs, q: matrix(0) });
console.log(JSON.stringify({ target: other.target, ticked, losses: [loss, alone.loss, again.loss], params, gradients: [[...q], [...k]] }));
other.close();
`;

/** Every line is a mistake that types tell. */
const wrong = `import { dim, open, precision, targets } from 'infinitile-clip';

const kernel = await open();
const [q, k] = [new Float32Array(dim), new Float32Array(dim)];
// @ts-expect-error: a parameter is missing
await kernel.run({ q, k, params: {} });
// @ts-expect-error: there are no such embeddings
await kernel.run({ q, k, params: { logScale: 1 }, guide: { q, k } });
// @ts-expect-error: another type
await kernel.run({ q: new Uint16Array(dim), k, params: { logScale: 1 } });
// @ts-expect-error: a parameter that the loss has none of
await kernel.run({ q, k, params: { logScale: 1, bias: 2 } });
// @ts-expect-error: gradients were not asked for
(await kernel.run({ q, k, params: { logScale: 1 } }, { gradients: false })).gradients;
// @ts-expect-error: no such device
await open({ device: 'tpu' });
// @ts-expect-error: exported for other targets, and other numbers
const facts: readonly ['sm_80', 7, 'f16'] = [targets[0], dim, precision];
console.log(facts);
`;
