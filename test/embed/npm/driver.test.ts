import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { compileTargets } from '../../../codegen/embed/c/index.js';
import { emitStandalone, packageName } from '../../../codegen/embed/npm/index.js';
import { infoNCE } from '../../../runtime/index.js';
import { here, requestOf, type ExportedCase } from '../support/exported-case.js';
import { markedLibrary } from '../support/library.js';
import { run } from '../support/run.js';
import { buildDriver } from '../support/fake-driver.js';
import { outsideFolder } from '../support/folder.js';
import { installPackage } from './support/project.js';

/* A standalone package with a GPU's target: without a driver, and with one that writes down its calls. The images are not those of kernels. */

const one: ExportedCase = { name: 'driver', loss: infoNCE, precision: 'f32', queries: 1, keys: 1, dim: 16, params: {} };

test('without a driver a GPU is refused and the CPU is served; with one memory is had, inputs and gradients are copied, and all is released', async (t) => {
  const folder = await outsideFolder(t);
  const request = requestOf(one, [here.name, 'sm_80']);
  const compiled = compileTargets(request);
  const files = emitStandalone(request, compiled, markedLibrary(request, compiled));
  const project = path.dirname(path.dirname(await installPackage(folder, { name: packageName(infoNCE.name), files }, 'standalone')));
  await writeFile(path.join(project, 'app.js'), app);

  // In the place of any driver: what is no library.
  for (const name of ['libcuda.so.1', 'libcuda.so']) await writeFile(path.join(project, name), 'no library');
  const without = await run(process.execPath, ['app.js', 'cpu'], project, { LD_LIBRARY_PATH: project });
  t.regex(without, new RegExp(`^DEVICE: there is no CUDA driver \\(.*libcuda\\.so\\.1[^\\n]*\\n${here.name} true$`));

  const gpu = compiled.find(({ target }) => target.name === 'sm_80');
  if (gpu === undefined) throw new Error('nothing was compiled for sm_80');
  const env = await buildDriver(project, gpu, '86');
  t.is(await run(process.execPath, ['app.js', 'cuda'], project, env), 'sm_80 true');
  const log = (await readFile(path.join(project, 'log.txt'), 'utf8')).trimEnd().split('\n');
  const counted = (word: string): number => log.filter((line) => line.startsWith(word)).length;
  t.true(counted('load cubin sm_80') > 0 && counted('launch ') > 0);
  const bytes = (rows: number): number => 4 * rows * one.dim;
  t.deepEqual(log.filter((line) => /^(write|read) /.test(line)), [100, 50, 2000].flatMap((rows) => [`write ${2 * Math.ceil(bytes(rows) / 256) * 256}`, `read ${bytes(rows)}`, `read ${bytes(rows)}`]));
  t.deepEqual([counted('allocate'), counted('free')], [2, 2], 'memory grows, and goes when the kernel is closed');
  t.is(counted('released'), 2, "the library's hold of the GPU, and the addon's");
});

/** What a run computes without kernels means nothing. */
const app = `import { open, dim } from 'infinitile-info-nce';
const inputs = (rows) => ({ q: new Float32Array(rows * dim).fill(0.1), k: new Float32Array(rows * dim).fill(0.1), params: { logScale: 1 } });
if (process.argv[2] === 'cpu') await open({ device: 'cuda' }).catch(({ code, message }) => console.log(code + ': ' + message));
const kernel = await open({ device: process.argv[2] });
await kernel.run(inputs(100));
await kernel.run(inputs(50));
const { gradients } = await kernel.run(inputs(2000));
process.stdout.write(kernel.target + ' ' + (gradients.q.length === 2000 * dim));
kernel.close();
`;
