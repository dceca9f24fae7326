import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { libraryNames } from '../../codegen/embed/c/index.js';
import { clip, gist, indexMap, infoNCE, maskedFalseNegatives, ntXent, siglip, supCon, tiling, withPositives } from '../../runtime/index.js';
import { toleranceOf } from '../../runtime/tune/worker/tolerance.js';
import { mapOf } from '../numeric/cases.js';
import { given, type ExportedCase } from './support/exported-case.js';
import { buildByReadme, writeLibrary } from './support/library.js';
import { expected, same, type Results } from './support/results.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';
import { readRank, resultsOf, ringKernel, writeRanks } from './support/ring-case.js';

/*
 * The ring of an exported library, whose messages a C99 program carries: every rank has the bits of the ranks that run here, and together
 * they have what one rank has.
 */

const chunks = tiling('chunks', (t) => t.chunk({ rows: 192, cols: 256 }).block({ rows: 96, cols: 128, depth: 64 }));
const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => (i * 7) % 13);

/** Columns opposite to every row, but for the last: one rank alone finds its sums in range, and all start over. */
function opposite(count: number, dim: number): Pick<ExportedCase, 'q' | 'k'> {
  const [q, k] = [new Float32Array(count * dim), new Float32Array(count * dim)];
  for (let row = 0; row < count; row += 1) {
    q[row * dim] = 1;
    k[row * dim] = -Math.cos(row / 400);
    k[row * dim + 1] = Math.sin(row / 400);
    if (row >= count - 5) q.set(k.subarray(row * dim, (row + 1) * dim), row * dim);
  }
  return { q, k };
}

interface Library extends ExportedCase {
  readonly ranks: readonly number[];
  /** Passes with gradients at once, and apart. */
  readonly passes?: string;
}

const libraries: readonly Library[] = [
  { name: 'clip in chunks', loss: clip, precision: 'f32', queries: 700, keys: 700, dim: 20, params: { logScale: 2.6 }, tiling: chunks, ranks: [1, 2, 3, 4] },
  { name: 'siglip, rows apart', loss: siglip, precision: 'bf16', queries: 90, keys: 170, dim: 24, params: { logScale: 2.3, bias: -10 }, ranks: [3], strideMore: 5, passes: '1 2' },
  { name: 'infoNCE with an index map', loss: withPositives(infoNCE, indexMap), precision: 'f32', queries: 150, keys: 64, dim: 20, params: { logScale: 3 }, positives: mapOf(150, 64, 4), ranks: [4] },
  { name: 'a scale that needs running maxima', loss: clip, precision: 'f32', queries: 65, keys: 65, dim: 20, params: { logScale: 6 }, tiling: chunks, ranks: [3] },
  { name: 'an offset that all give up', loss: infoNCE, precision: 'f32', queries: 67, keys: 67, dim: 20, params: { logScale: Math.log(150) }, ...opposite(67, 20), ranks: [3], passes: '3 3' },
  { name: 'supCon, with labels', loss: supCon, precision: 'f32', queries: 120, keys: 0, dim: 20, params: { logScale: 2 }, rows: { label: labels(120) }, cols: { label: labels(120) }, ranks: [3] },
  { name: 'ntXent, rows apart', loss: ntXent, precision: 'f32', queries: 50, keys: 50, dim: 20, params: { logScale: 2 }, ranks: [3], strideMore: 3 },
  { name: 'masks that read positives', loss: maskedFalseNegatives(), precision: 'f32', queries: 80, keys: 80, dim: 20, params: { logScale: 2 }, ranks: [3], passes: '3 3' },
  { name: 'a guide', loss: gist({ margin: 0.1 }), precision: 'f32', queries: 48, keys: 48, dim: 20, params: { logScale: 2 }, ranks: [2], passes: '3 3' },
];

for (const library of libraries) {
  test(`${library.name}: ranks ${library.ranks.join(', ')}`, async (t) => {
    const folder = await outsideFolder(t);
    await writeLibrary(folder, library);
    await buildByReadme(folder);
    const one = await expected(library);
    for (const ranks of library.ranks) await checkRanks(t, folder, library, ranks, one);
  });
}

async function checkRanks(t: ExecutionContext, folder: string, { passes = '2 2', ...library }: Library, ranks: number, one: Results): Promise<void> {
  const shared = { ...library, ranks };
  const kernel = ringKernel(shared);
  try {
    await writeRanks(folder, shared, kernel);
    const { prefix } = libraryNames(library.loss.name);
    await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-Wno-unused-function', '-Iinclude', 'ring.c', '-o', 'ring', '-L.', `-l${prefix}`, `-Wl,-rpath,${folder}`], folder);
    t.is((await run(path.join(folder, 'ring'), [], folder)).trim(), passes);
    const each = await kernel.runEach(given(shared));
    const found: Results[] = [];
    for (const [rank, result] of each.entries()) {
      const mine = resultsOf(shared, result);
      const [both, apart] = [await readRank(folder, shared, rank, 'both'), await readRank(folder, shared, rank, 'apart')];
      same(t, both, mine);
      for (const [i, gradient] of apart.gradients.entries()) t.deepEqual(gradient, both.gradients[i]);
      found.push(both);
    }
    near(t, found, one, library);
  } finally {
    await kernel.close();
  }
}

/** What all ranks have together, against one. */
function near(t: ExecutionContext, found: readonly Results[], one: Results, { precision }: ExportedCase): void {
  const most = toleranceOf(precision, 'cpu');
  const apart = (values: Iterable<number>, wanted: Iterable<number>) => {
    const [a, b] = [[...values], [...wanted]];
    return Math.hypot(...b.map((value, i) => value - (a[i] ?? NaN))) / Math.hypot(...b);
  };
  const [first] = found;
  t.true(apart(first?.losses ?? [], one.losses) <= most.loss);
  t.true(apart(first?.params ?? [], one.params) <= 2 * most.gradient, `params are ${first?.params.join()}, those of one rank ${one.params.join()}`);
  if (one.gradients.length === 2) one.gradients.forEach((gradient, i) => t.true(apart(found.flatMap(({ gradients }) => [...(gradients[i] ?? [])]), gradient) <= 2 * most.gradient, `gradient ${i}`));
}
