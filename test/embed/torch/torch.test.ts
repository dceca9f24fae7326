import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import pLimit from 'p-limit';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { clip, gist, indexMap, pairwiseLoss, siglip, softmax, supCon } from '../../../runtime/index.js';
import { mapOf } from '../../numeric/cases.js';
import { skip } from '../../support/skips.js';
import type { ExportedCase } from '../support/exported-case.js';
import { expected, inFp32, same } from '../support/results.js';
import { missingPython, VirtualEnvironment } from './python.js';
import { readResults, sameBitsProgram, writeRequest } from './same-bits.js';

/*
 * Exported packages, built as wheels outside the source tree and installed side by side into a fresh virtual environment: their results
 * are those of the kernels that are compiled here, bit for bit; and what PyTorch asks of an operator holds.
 */

/** Names that Python has taken, numbers of rows alone, an index map. */
const own = pairwiseLoss('own', {
  params: ['lambda'],
  attributes: { rows: { weight: 'f32' } },
  positives: indexMap,
  logit: ({ dot, params, row }) => params.lambda * row.weight * dot,
  rows: softmax({ unmatched: 'skip' }),
});

/** Learned scalars of names that the emitted code, open_clip or other scalars have taken. */
const takenNames = [
  'logScale', 'logitScale', 'log_scale', 'ctx', 'apply', 'forward', 'forwardBackward', 'gradients', 'loss', 'group', 'imageFeatures', 'textFeatures',
  'outputDict', 'dQueries', 'dKeys', 'grad', 'argument', 'kept', 'needed', 'checked', 'handle', 'inputs', 'prepare', 'torch', 'takenLoss', 'traced',
] as const;
const taken = pairwiseLoss('taken', {
  params: takenNames,
  logit: ({ dot, params: p }) =>
    (p.logScale + 2 * p.logitScale + 3 * p.log_scale + 4 * p.ctx + 5 * p.apply + 6 * p.forward + 7 * p.forwardBackward + 8 * p.gradients +
      9 * p.loss + 10 * p.group + 11 * p.imageFeatures + 12 * p.textFeatures + 13 * p.outputDict + 14 * p.dQueries + 15 * p.dKeys + 16 * p.grad +
      17 * p.argument + 18 * p.kept + 19 * p.needed + 20 * p.checked + 21 * p.handle + 22 * p.inputs + 23 * p.prepare + 24 * p.torch +
      25 * p.takenLoss + 26 * p.traced) * dot,
  rows: softmax(),
  cols: softmax(),
});

const label = Int32Array.from({ length: 120 }, (_, i) => (i * 7) % 13);
const weight = Float32Array.from({ length: 60 }, (_, i) => 1 + (i % 5) / 4);
const cases: readonly ExportedCase[] = [
  { name: 'clip', loss: clip, precision: 'f32', queries: 70, keys: 70, dim: 48, params: { logScale: 2.6 } },
  { name: 'siglip', loss: siglip, precision: 'bf16', queries: 64, keys: 40, dim: 64, params: { logScale: 2.3, bias: -10 } },
  { name: 'supCon, with labels', loss: supCon, precision: 'f32', queries: 120, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label }, cols: { label } },
  { name: 'gist, with a guide', loss: gist({ margin: 0.1 }), precision: 'f32', queries: 47, keys: 47, dim: 25, params: { logScale: 2 } },
  { name: 'an own loss, with an index map', loss: own, precision: 'f32', queries: 60, keys: 90, dim: 40, params: { lambda: 8 }, rows: { weight }, positives: mapOf(60, 90, 5) },
  { name: 'names that are taken', loss: taken, precision: 'f32', queries: 20, keys: 20, dim: 16, params: Object.fromEntries(takenNames.map((name, i) => [name, (i % 7) / 50])) },
];

const missing = missingPython();
if (missing !== undefined) skip(cases.length + 2, 'tests of exported packages', missing);
const testHere = missing === undefined ? test : test.skip;

const consumer = packagePath('test', 'embed', 'torch', 'consumer');
const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-embed-'));
const environment = missing === undefined ? await VirtualEnvironment.make(folder) : undefined;
const places = cases.map((_, i) => path.join(folder, `case-${i}`));
const wheels = environment === undefined ? [] : await buildAndRun(environment);
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** Each package is installed, and one program uses them all. */
async function buildAndRun(python: VirtualEnvironment): Promise<readonly string[]> {
  const turns = pLimit(availableParallelism());
  const built = await Promise.all(cases.map((one) => turns(() => python.build(one))));
  await python.install(built);
  for (const [i, one] of cases.entries()) await writeRequest(places[i] ?? '', one);
  await python.run([sameBitsProgram, ...places]);
  return built;
}

for (const [i, one] of cases.entries()) {
  testHere(`${one.name}, ${one.precision}: a wheel for every Python, and the same bits`, async (t) => {
    t.regex(path.basename(wheels[i] ?? ''), /-py3-none-/);
    t.true((await stat(wheels[i] ?? '')).size < 1e6);
    same(t, await readResults(places[i] ?? '', one), inFp32(await expected(one)));
  });
}

testHere('the program of docs/embedding.md runs', async (t) => {
  const page = await readFile(packagePath('docs', 'embedding.md'), 'utf8');
  const program = (/```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '').replaceAll('512', '48');
  t.regex((await environment?.run(['-c', program])) ?? '', /^\d\.\d+ -?\d\.[\de-]+\n\d\.\d+\n$/);
});

testHere('autograd, opcheck, torch.compile, autocast, DDP, threads, fork and mistakes', async (t) => {
  await t.notThrowsAsync(async () => environment?.run(['-m', 'unittest', 'discover', '-q', '-s', consumer], folder, { PYTHONDONTWRITEBYTECODE: '1' }));
});
