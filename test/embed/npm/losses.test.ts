import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { f32ToBf16, f32ToF16, gist, indexMap, infoNCE, supCon, withPositives, type PackagedKernel } from '../../../runtime/index.js';
import { mapOf } from '../../numeric/cases.js';
import { given, here, threads, type ExportedCase } from '../support/exported-case.js';
import { expected, same, type Results } from '../support/results.js';
import { run } from '../support/run.js';
import { outsideFolder } from '../support/folder.js';
import { exportPackage, importPackage, installPackage, type Form } from './support/project.js';

/*
 * Packages of losses that take all there is to give: attributes, an index map, a guide, stacked tensors, each precision. Their results are
 * those of the kernels that are compiled here, bit for bit.
 */

const labels = Int32Array.from({ length: 77 }, (_, i) => (i * 7) % 13);

const cases: readonly ExportedCase[] = [
  { name: 'labels, queries alone', loss: supCon, precision: 'f32', queries: 77, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label: labels }, cols: { label: labels } },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'bf16', queries: 60, keys: 90, dim: 64, params: { logScale: 3 }, positives: mapOf(60, 90, 5) },
  { name: 'a guide, both tensors stacked', loss: gist({ margin: 0.1 }), precision: 'f16', queries: 48, keys: 48, dim: 24, params: { logScale: 2 } },
];

const turns = pLimit(1);

for (const one of cases) {
  for (const form of ['hosted', 'standalone'] as const) {
    test(`${one.name}, ${one.precision}, ${form}`, (t) => turns(() => checkCase(t, one, form)));
  }
}

async function checkCase(t: ExecutionContext, one: ExportedCase, form: Form): Promise<void> {
  const installed = await installPackage(await outsideFolder(t), await exportPackage(one, form), form);
  if (form === 'standalone') await runExample(t, installed);
  const { open } = await importPackage(installed);
  const kernel = await open({ threads });
  try {
    const { loss, gradients } = await kernel.run(given(one));
    const mine = await expected(one);
    const { q = new Float32Array(), k = new Float32Array(), params } = gradients ?? {};
    const found: Results = { losses: [loss], params: Float64Array.from(one.loss.params, (name) => params?.[name] ?? NaN), gradients: mine.gradients.length === 1 ? [Float32Array.from([...q, ...k])] : [q, k] };
    same(t, found, mine);
    if (one.precision !== 'f32') await checkConversion(t, one, kernel);
    t.is((await kernel.run(given(one), { gradients: false })).gradients, undefined);
  } finally {
    kernel.close();
  }
}

/** README.md's. */
async function runExample(t: ExecutionContext, installed: string): Promise<void> {
  const project = path.dirname(path.dirname(installed));
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(await readFile(path.join(installed, 'README.md'), 'utf8')) ?? [];
  await writeFile(path.join(project, 'example.js'), example);
  t.regex(await run(process.execPath, ['example.js'], project), new RegExp(`^${here.name} [\\d.e+-]+ \\d+\n$`));
}

/** What a kernel of half precision makes of numbers in f32, down to the least, is what it makes of them rounded here. */
async function checkConversion(t: ExecutionContext, one: ExportedCase, kernel: Pick<PackagedKernel, 'run'>): Promise<void> {
  const inputs = given(one);
  const wide = Float32Array.from({ length: one.queries * one.dim }, (_, i) => (Math.sin(i) / 4) * 2 ** -(i % 30));
  const q = one.precision === 'bf16' ? f32ToBf16(wide) : f32ToF16(wide);
  const [rounded, converted] = [await kernel.run({ ...inputs, q }), await kernel.run({ ...inputs, q: wide, convert: true })];
  t.deepEqual(converted, rounded);
  await t.throwsAsync(kernel.run({ ...inputs, q: wide }), { message: /convert: true/ });
}
