import { rename } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { libraryNames } from '../../codegen/embed/c/index.js';
import { emitTorch } from '../../codegen/embed/torch/index.js';
import { packagePath } from '../../codegen/emit/package-path.js';
import { exportLibrary } from '../../runtime/export/export-library.js';
import { clip, gist, indexMap, infoNCE, ntXent, siglip, supCon, withPositives } from '../../runtime/index.js';
import { exportPackage, importPackage, installPackage } from '../embed/npm/support/project.js';
import { writeConsumer } from '../embed/support/consumer.js';
import { given, requestOf, type ExportedCase } from '../embed/support/exported-case.js';
import { buildByReadme, writeLibrary } from '../embed/support/library.js';
import { expected, inFp32, readResults, same, sameQueued, type Results } from '../embed/support/results.js';
import { run } from '../embed/support/run.js';
import { outsideFolder, writeAll } from '../embed/support/folder.js';
import { whyNotImported } from '../embed/torch/python.js';
import { readResults as readPython, sameBitsProgram, writeRequest } from '../embed/torch/same-bits.js';
import { mapOf } from '../numeric/cases.js';
import { skip } from '../support/skips.js';

/*
 * Exported packages where there is a GPU, used outside the source tree: their results are those of the kernels that are compiled here for
 * the same target, bit for bit.
 */

const label = Int32Array.from({ length: 120 }, (_, i) => (i * 7) % 13);
interface GpuCase extends ExportedCase {
  /** Gradients are made in the forward walk where both are asked for: apart, they are others in their last bits. */
  readonly fused?: true;
}

const cases: readonly GpuCase[] = [
  { name: 'clip', loss: clip, precision: 'bf16', queries: 1100, keys: 1100, dim: 200, params: { logScale: 3 } },
  { name: 'clip, deep rows', loss: clip, precision: 'bf16', queries: 700, keys: 700, dim: 512, params: { logScale: 3 } },
  { name: 'clip', loss: clip, precision: 'f32', queries: 300, keys: 300, dim: 48, params: { logScale: 2.6 } },
  { name: 'clip, a scale that needs running maxima', loss: clip, precision: 'bf16', queries: 265, keys: 265, dim: 64, params: { logScale: 6 }, softmax: 'running' },
  { name: 'infoNCE, both walks in one', loss: infoNCE, precision: 'bf16', queries: 900, keys: 5000, dim: 64, params: { logScale: 2 }, fused: true },
  { name: 'siglip, rows apart', loss: siglip, precision: 'f16', queries: 290, keys: 170, dim: 40, params: { logScale: 2.3, bias: -10 }, strideMore: 3 },
  { name: 'supCon, with labels', loss: supCon, precision: 'f32', queries: 120, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label }, cols: { label } },
  { name: 'an index map', loss: withPositives(infoNCE, indexMap), precision: 'bf16', queries: 160, keys: 290, dim: 64, params: { logScale: 3 }, positives: mapOf(160, 290, 5) },
  { name: 'both tensors stacked', loss: ntXent, precision: 'f16', queries: 250, keys: 250, dim: 24, params: { logScale: 2 } },
  { name: 'a guide', loss: gist({ margin: 0.1 }), precision: 'f32', queries: 48, keys: 48, dim: 24, params: { logScale: 2 } },
];

const targets = ['sm_80', 'sm_90a'];

for (const one of cases) {
  test.serial(`C: ${one.name}, ${one.precision}`, async (t) => {
    const [library, app] = [await outsideFolder(t), await outsideFolder(t)];
    await writeLibrary(library, one, targets);
    await buildByReadme(library);
    await writeConsumer(app, one, { device: 'cuda' });
    const linked = ['-I', path.join(library, 'include'), 'consumer.c', '-o', 'consumer', '-L', library, `-l${libraryNames(one.loss.name).prefix}`, `-Wl,-rpath,${library}`, '-ldl'];
    await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', ...linked], app);
    const target = (await run('./consumer', [], app)).trim();
    const mine = await expected(one, target);
    t.is(mine.softmax, one.softmax ?? 'bounded');
    const [both, apart] = await readResults(app, one);
    same(t, both, mine);
    t.deepEqual(apart.losses, [mine.forwardLoss]);
    if (one.fused !== true) same(t, { ...apart, losses: mine.losses }, mine);
    await sameQueued(t, app, one, mine);
  });
}

test.serial('C: Ampere\'s kernels on any later GPU', async (t) => {
  const [one] = cases;
  if (one === undefined) return;
  const folder = await outsideFolder(t);
  await writeLibrary(folder, one, ['sm_80']);
  await buildByReadme(folder);
  await writeConsumer(folder, one, { device: 'cuda' });
  await run('cc', ['-std=c99', '-Iinclude', 'consumer.c', '-o', 'consumer', '-L.', '-linfinitile_clip', '-Wl,-rpath,.', '-ldl'], folder);
  t.is((await run('./consumer', [], folder)).trim(), 'sm_80');
  const mine = await expected(one, 'sm_80');
  for (const results of await readResults(folder, one)) alike(t, results, mine);
});

/** What the driver makes of PTX is not what NVRTC makes of the sources: the same but for roundings. */
function alike(t: ExecutionContext, { losses, gradients }: Results, mine: Results): void {
  t.true(Math.abs((losses[0] ?? NaN) - (mine.losses[0] ?? NaN)) < 1e-5);
  gradients.forEach((gradient, i) => {
    const [other = new Float32Array()] = mine.gradients.slice(i);
    const largest = other.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
    const apart = gradient.reduce((found, value, at) => Math.max(found, Math.abs(value - (other[at] ?? NaN))), 0);
    t.true(apart <= 2 ** -8 * largest, `gradient ${i} is ${apart} apart of ${largest}`);
  });
}

for (const one of cases.filter(({ strideMore }) => strideMore === undefined)) {
  test.serial(`npm: ${one.name}, ${one.precision}`, async (t) => {
    const { open } = await importPackage(await installPackage(await outsideFolder(t), await exportPackage(one, 'hosted', targets), 'hosted'));
    const kernel = await open({ device: 'cuda' });
    try {
      const { loss, gradients } = await kernel.run(given(one));
      const { softmax, ...mine } = await expected(one, kernel.target);
      t.is(softmax, one.softmax ?? 'bounded');
      const { q = new Float32Array(), k = new Float32Array(), params } = gradients ?? {};
      const found: Results = { losses: [loss], params: Float64Array.from(one.loss.params, (name) => params?.[name] ?? NaN), gradients: mine.gradients.length === 1 ? [Float32Array.from([...q, ...k])] : [q, k] };
      same(t, found, mine);
    } finally {
      kernel.close();
    }
  });
}

const inPython = cases.filter(({ strideMore }) => strideMore === undefined);
/** The PyTorch that python3 has: the one that .ci/run installs knows no GPU. */
const missing = whyNotImported('torch, numpy; assert torch.cuda.is_available(), "PyTorch sees no GPU"', {});
if (missing === undefined) {
  for (const one of inPython) test.serial(`PyTorch: ${one.name}, ${one.precision}`, (t) => checkTorch(t, one));
} else {
  skip(inPython.length, 'tests of exported packages for PyTorch', missing);
}

/** Two ranks have two GPUs, or share one, which NCCL allows where it is asked to. */
const ranksMissing = missing ?? whyNotImported('os, torch; assert torch.cuda.device_count() > 1 or os.environ.get("NCCL_MULTI_RANK_GPU_ENABLE") == "1", "one GPU, and NCCL_MULTI_RANK_GPU_ENABLE is not 1 (NCCL 2.30)"', {});
if (ranksMissing === undefined) {
  test.serial('PyTorch: two ranks by NCCL, beside open_clip\'s gathered loss', async (t) => {
    const environment = await torchProject(await outsideFolder(t), { name: 'clip', loss: clip, precision: 'f32', queries: 24, keys: 24, dim: 48, params: { logScale: 2 } });
    await t.notThrowsAsync(run('python3', ['-m', 'unittest', '-q', 'test_processes.Processes'], packagePath('test', 'embed', 'torch', 'consumer'), { ...environment, INFINITILE_TEST_BACKEND: 'nccl' }));
  });
} else {
  skip(1, 'test of two ranks by NCCL', ranksMissing);
}

async function checkTorch(t: ExecutionContext, one: ExportedCase): Promise<void> {
  const folder = await outsideFolder(t);
  const place = path.join(folder, 'case');
  const environment = await torchProject(folder, one);
  await writeRequest(place, one, 'cuda');
  await run('python3', [sameBitsProgram, place], folder, environment);
  same(t, await readPython(place, one), inFp32(await expected(one, 'cuda')));
}

/** The project as it is exported, its library built by the lines of that one's README: a wheel would hold the same files. Where Python finds it. */
async function torchProject(folder: string, one: ExportedCase): Promise<Readonly<Record<string, string>>> {
  const { prefix } = libraryNames(one.loss.name);
  const project = path.join(folder, 'project');
  const request = requestOf(one, targets);
  await writeAll(project, emitTorch(request, await exportLibrary(request)));
  await buildByReadme(path.join(project, 'native'));
  await rename(path.join(project, 'native', `lib${prefix}.so`), path.join(project, 'src', prefix, `lib${prefix}.so`));
  const { PYTHONPATH: also } = process.env;
  const searched = [path.join(project, 'src'), ...(also === undefined ? [] : [also])];
  return { PYTHONPATH: searched.join(path.delimiter), PYTHONWARNINGS: 'ignore' };
}
