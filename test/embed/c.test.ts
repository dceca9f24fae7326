import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { libraryNames } from '../../codegen/embed/c/index.js';
import { clip, gist, indexMap, infoNCE, ntXent, siglip, supCon, tiling, withPositives } from '../../runtime/index.js';
import { mapOf } from '../numeric/cases.js';
import { Turns } from '../support/turns.js';
import { buildByReadme, expected, here, readResults, run, same, writeConsumer, writeLibrary, type ExportedCase } from './support/exported-case.js';
import { outsideFolder } from './support/folder.js';

/*
 * An exported library, built outside the source tree by the lines of its own README, and used by a C99 program: its results are those of
 * the kernels that are compiled here, bit for bit.
 */

const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => (i * 7) % 13);

export const cases: readonly ExportedCase[] = [
  { name: 'clip', loss: clip, precision: 'f32', queries: 70, keys: 70, dim: 48, params: { logScale: 2.6 } },
  { name: 'clip', loss: clip, precision: 'bf16', queries: 300, keys: 300, dim: 64, params: { logScale: 3 } },
  { name: 'clip, f16', loss: clip, precision: 'f16', queries: 130, keys: 130, dim: 40, params: { logScale: 3 } },
  { name: 'clip, a scale that needs running maxima', loss: clip, precision: 'f32', queries: 65, keys: 65, dim: 32, params: { logScale: 6 }, softmax: 'running' },
  { name: 'clip in chunks', loss: clip, precision: 'f32', queries: 500, keys: 500, dim: 16, params: { logScale: 2 }, tiling: tiling('chunks', (t) => t.chunk({ rows: 192, cols: 256 }).block({ rows: 96, cols: 128, depth: 64 })) },
  { name: 'siglip', loss: siglip, precision: 'f32', queries: 90, keys: 170, dim: 33, params: { logScale: 2.3, bias: -10 } },
  { name: 'siglip', loss: siglip, precision: 'bf16', queries: 64, keys: 40, dim: 64, params: { logScale: 2.3, bias: -10 } },
  { name: 'supCon, with labels', loss: supCon, precision: 'f32', queries: 120, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label: labels(120) }, cols: { label: labels(120) } },
  { name: 'supCon, with labels', loss: supCon, precision: 'bf16', queries: 77, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label: labels(77) }, cols: { label: labels(77) } },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'f32', queries: 150, keys: 64, dim: 20, params: { logScale: 3 }, positives: mapOf(150, 64, 4) },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'bf16', queries: 60, keys: 90, dim: 64, params: { logScale: 3 }, positives: mapOf(60, 90, 5) },
  { name: 'both tensors stacked', loss: ntXent, precision: 'f32', queries: 50, keys: 50, dim: 24, params: { logScale: 2 } },
  { name: 'a guide', loss: gist({ margin: 0.1 }), precision: 'f32', queries: 48, keys: 48, dim: 24, params: { logScale: 2 } },
];

const turns = new Turns(1);

for (const one of cases) {
  test(`${one.name}, ${one.precision}: built by cc, run as C99`, (t) => turns.take(() => checkCase(t, one)));
}

async function checkCase(t: ExecutionContext, one: ExportedCase): Promise<void> {
  const folder = await outsideFolder(t);
  const library = path.join(folder, 'library');
  const app = path.join(folder, 'app');
  await writeLibrary(library, one);
  await buildByReadme(library);
  await writeConsumer(app, one);
  const { prefix } = libraryNames(one.loss.name);
  await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-I', path.join(library, 'include'), 'consumer.c', '-o', 'consumer', '-L', library, `-l${prefix}`, `-Wl,-rpath,${library}`], app);
  t.is((await run('./consumer', [], app)).trim(), here.name);
  const [both, apart] = await readResults(app, one);
  const { softmax, ...mine } = await expected(one);
  t.is(softmax, one.softmax ?? 'bounded');
  same(t, both, mine);
  same(t, apart, mine);
}
