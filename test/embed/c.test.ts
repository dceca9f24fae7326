import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { libraryNames } from '../../codegen/embed/c/index.js';
import { packagePath } from '../../codegen/emit/package-path.js';
import { clip, gist, hardNegatives, indexMap, infoNCE, ntXent, siglip, supCon, tiling, withPositives } from '../../runtime/index.js';
import { formCases, mapOf } from '../numeric/cases.js';
import { writeConsumer } from './support/consumer.js';
import { here, type ExportedCase } from './support/exported-case.js';
import { buildByReadme, writeLibrary } from './support/library.js';
import { expected, readResults, same, sameQueued } from './support/results.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';

/*
 * An exported library, built outside the source tree by the lines of its own README, and used by a C99 program: its results are those of
 * the kernels that are compiled here, bit for bit.
 */

const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => (i * 7) % 13);

/** A map on both sides of which there are more than the host looks at in one piece. */
const [columnsOnly] = formCases('f32').filter(({ loss }) => loss.name === 'columnsOnly');
const longCases: readonly ExportedCase[] = [[70_000, 30], [30, 70_000]].flatMap(([queries = 0, keys = 0]) =>
  columnsOnly === undefined ? [] : [{ ...columnsOnly, name: `an index map of ${queries} x ${keys}`, precision: 'f32', queries, keys, positives: mapOf(queries, keys, 6, true) }],
);

const cases: readonly ExportedCase[] = [
  { name: 'clip', loss: clip, precision: 'f32', queries: 70, keys: 70, dim: 48, params: { logScale: 2.6 } },
  { name: 'clip', loss: clip, precision: 'bf16', queries: 300, keys: 300, dim: 64, params: { logScale: 3 } },
  { name: 'clip, f16', loss: clip, precision: 'f16', queries: 130, keys: 130, dim: 40, params: { logScale: 3 } },
  { name: 'clip, a scale that needs running maxima', loss: clip, precision: 'f32', queries: 65, keys: 65, dim: 48, params: { logScale: 6 }, softmax: 'running' },
  { name: 'clip in chunks', loss: clip, precision: 'f32', queries: 500, keys: 500, dim: 16, params: { logScale: 2 }, tiling: tiling('chunks', (t) => t.chunk({ rows: 192, cols: 256 }).block({ rows: 96, cols: 128, depth: 64 })) },
  { name: 'siglip', loss: siglip, precision: 'f32', queries: 90, keys: 170, dim: 33, params: { logScale: 2.3, bias: -10 } },
  { name: 'siglip, rows apart', loss: siglip, precision: 'f32', queries: 90, keys: 170, dim: 33, params: { logScale: 2.3, bias: -10 }, strideMore: 3 },
  { name: 'siglip in a small workspace', loss: siglip, precision: 'f32', queries: 700, keys: 900, dim: 33, params: { logScale: 2.3, bias: -10 }, workspace: 1.5 * 2 ** 20 },
  { name: 'siglip', loss: siglip, precision: 'bf16', queries: 64, keys: 40, dim: 64, params: { logScale: 2.3, bias: -10 } },
  { name: 'supCon, with labels', loss: supCon, precision: 'f32', queries: 120, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label: labels(120) }, cols: { label: labels(120) } },
  { name: 'supCon, with labels', loss: supCon, precision: 'bf16', queries: 77, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label: labels(77) }, cols: { label: labels(77) } },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'f32', queries: 150, keys: 64, dim: 20, params: { logScale: 3 }, positives: mapOf(150, 64, 4) },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'bf16', queries: 60, keys: 90, dim: 64, params: { logScale: 3 }, positives: mapOf(60, 90, 5) },
  ...formCases('f32').slice(1).map(({ n, m, ...one }): ExportedCase => ({ ...one, name: `an index map, ${one.loss.name}, ${n} x ${m} x ${one.dim}`, precision: 'f32', queries: n, keys: m })),
  ...longCases,
  { name: 'positives by formula', loss: hardNegatives(), precision: 'f32', queries: 30, keys: 90, dim: 20, params: { logScale: 2 } },
  { name: 'both tensors stacked', loss: ntXent, precision: 'f32', queries: 50, keys: 50, dim: 24, params: { logScale: 2 } },
  { name: 'both tensors stacked, rows apart', loss: ntXent, precision: 'f32', queries: 50, keys: 50, dim: 24, params: { logScale: 2 }, strideMore: 1 },
  { name: 'a guide', loss: gist({ margin: 0.1 }), precision: 'f32', queries: 48, keys: 48, dim: 24, params: { logScale: 2 } },
];

const turns = pLimit(1);

for (const one of cases) {
  test(`${one.name}, ${one.precision}: built by cc, run as C99`, (t) => turns(() => checkCase(t, one)));
}

async function checkCase(t: ExecutionContext, one: ExportedCase): Promise<void> {
  const library = await libraryOf(one);
  const app = await outsideFolder(t);
  await writeConsumer(app, one);
  await buildProgram(library, one, app, 'consumer.c');
  t.is((await run('./consumer', [], app)).trim(), here.name);
  const [both, apart] = await readResults(app, one);
  const mine = await expected(one);
  t.is(mine.softmax, one.softmax ?? 'bounded');
  same(t, both, mine);
  same(t, apart, mine);
  await sameQueued(t, app, one, mine);
}

test('a term that overflows fp32 is told, and gives no numbers', (t) =>
  turns(async () => {
    const one: ExportedCase = { name: 'siglip', loss: siglip, precision: 'f32', queries: 20, keys: 20, dim: 16, params: { logScale: 90, bias: 0 } };
    const app = await outsideFolder(t);
    await writeConsumer(app, one);
    await buildProgram(await libraryOf(one), one, app, 'consumer.c');
    await t.throwsAsync(run('./consumer', [], app), { message: /status 5: the loss is inf: a term of 'siglip' overflows fp32/ });
    await t.throwsAsync(expected(one), { message: /INF4011 loss 'siglip' is Infinity; logits lie within/ });
  }));

test('handles of several threads compute at once; one handle tells a second call that it is in use', (t) =>
  turns(async () => {
    const [one] = cases;
    if (one === undefined) return;
    const app = await outsideFolder(t);
    await buildProgram(await libraryOf(one), one, app, packagePath('test', 'embed', 'support', 'threads.c'));
    t.is(await run('./threads', [], app), 'the same bits from every thread\na handle in use says so\n');
  }));

/** Plain C99, warnings as errors, the library found where it was built. */
async function buildProgram(library: string, { loss }: ExportedCase, app: string, source: string): Promise<void> {
  const strict = ['-std=c99', '-D_POSIX_C_SOURCE=200809L', '-Wall', '-Wextra', '-Werror', '-pedantic'];
  await run('cc', [...strict, '-I', path.join(library, 'include'), source, '-o', path.basename(source, '.c'), '-L', library, `-l${libraryNames(loss.name).prefix}`, `-Wl,-rpath,${library}`, '-lpthread'], app);
}

const libraries = new Map<string, Promise<string>>();
const folders: string[] = [];
test.after.always(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Built once for all of its cases. */
function libraryOf(one: ExportedCase): Promise<string> {
  const { loss, precision, dim, tiling: own } = one;
  const key = JSON.stringify([loss.name, loss.positives.kind, precision, dim, own?.name]);
  const known = libraries.get(key) ?? build(one);
  libraries.set(key, known);
  return known;
}

async function build(one: ExportedCase): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-embed-'));
  folders.push(folder);
  await writeLibrary(folder, one);
  await buildByReadme(folder);
  return folder;
}
