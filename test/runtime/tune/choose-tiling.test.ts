import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import * as losses from '../../../dsl/losses.js';
import { automatic, clip, connectLocal, tiling, type Diagnostic } from '../../../runtime/index.js';
import { ArtifactCache } from '../../../runtime/artifact/index.js';
import { cpuFeatures } from '../../../runtime/device/cpu.js';
import { cpuTarget } from '../../../runtime/device/choose-target.js';
import { Builder } from '../../../runtime/device/builder.js';
import { fingerprint } from '../../../runtime/fingerprint.js';
import { chooseTiling, chooseTilingTogether, type TilingQuestion } from '../../../runtime/tune/choose-tiling.js';
import { targetNamed } from '../../../codegen/targets/index.js';
import { shippedFolder, shippedFor } from '../../../runtime/tune/shipped.js';
import { restrictionHash, tunedFacts } from '../../../runtime/tune/store/key.js';
import { parseTuned } from '../../../runtime/tune/store/record.js';
import { TunedStore } from '../../../runtime/tune/store/tuned-store.js';
import { facts, recordOf, small } from './records.js';

/** A cache of its own, and what is asked of it. */
async function asking(t: ExecutionContext, changes: Partial<TilingQuestion> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const target = cpuTarget('cpu', cpuFeatures());
  const builder = Builder.for(target, undefined, new ArtifactCache({ directory }));
  const warnings: Diagnostic[] = [];
  const question: TilingQuestion = {
    ...{ builder, loss: clip, tiling: automatic, origin: 'usual', tuned: true, dim: 64, guideDim: 64, precision: 'f32', device: 'a processor', workers: 2, workspace: 2 ** 28 },
    onWarning: (warning) => warnings.push(warning),
    ...changes,
  };
  const own = tunedFacts({ ...question, target, compiler: (await builder.compiler()).identity });
  return { question, warnings, own, store: new TunedStore(directory, own) };
}

test('what was tuned is chosen for what it was tuned for, and for nothing else', async (t) => {
  const { question, own, store, warnings } = await asking(t);
  await store.keepWinner(recordOf(4096, 4096, small, own));
  t.deepEqual(await chooseTiling(question), { tiling: small, origin: 'tuned' });
  const others: readonly Partial<TilingQuestion>[] = [{ tuned: false }, { dim: 128 }, { precision: 'bf16' }, { device: 'another' }, { workers: 3 }, { workspace: 2 ** 27 }, { loss: losses.siglip }, { tiling: small }];
  for (const other of others) t.deepEqual(await chooseTiling({ ...question, ...other }), { tiling: other.tiling ?? automatic, origin: 'usual' });
  t.deepEqual(warnings, []);
});

test('name and ring are as they were asked for', async (t) => {
  const { question, own, store } = await asking(t, { tiling: tiling('ringed', (b) => b.ring({ inFlight: 3 })) });
  await store.keepWinner(recordOf(4096, 4096, small, own));
  t.deepEqual(await chooseTiling(question), { tiling: { ...small, name: 'ringed', ring: { inFlight: 3 } }, origin: 'tuned' });
});

test('a tuned tiling that the target refuses is told of, and not chosen', async (t) => {
  const { question, own, store, warnings } = await asking(t);
  await store.keepWinner(recordOf(4096, 4096, { ...small, instruction: { name: 'wgmma' } }, own));
  t.deepEqual(await chooseTiling(question), { tiling: automatic, origin: 'usual' });
  t.deepEqual(warnings.map(({ code }) => code), ['INF6103']);
});

test('ranks take what the first has found, and none where they ask for different tilings', async (t) => {
  const [first, second] = [await asking(t), await asking(t)];
  await first.store.keepWinner(recordOf(4096, 4096, small, first.own));
  const together = (questions: readonly TilingQuestion[]) =>
    Promise.all(connectLocal(2).map(async (ring, rank) => {
      const { [rank]: question } = questions;
      if (question === undefined) throw new Error('a question for each rank');
      return chooseTilingTogether(ring, question).finally(() => ring.close());
    }));
  t.deepEqual(await together([first.question, second.question]), [{ tiling: small, origin: 'tuned' }, { tiling: small, origin: 'tuned' }]);
  t.deepEqual(await together([second.question, first.question]), [{ tiling: automatic, origin: 'usual' }, { tiling: automatic, origin: 'usual' }]);
  const narrow = tiling('narrow', (b) => b.chunk({ rows: 512, cols: 512 }));
  t.deepEqual((await together([first.question, { ...first.question, tiling: narrow }])).map((chosen) => chosen.tiling), [automatic, narrow]);
});

test('what is shipped is told by the target, and of GPUs by their model and multiprocessors', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const gpu = { ...facts, target: 'sm_90a', device: 'a GPU, driver 13000' };
  const warnings: Diagnostic[] = [];
  const find = async (of: typeof facts, n?: number) => (await shippedFor(of, n, (warning) => warnings.push(warning), folder))?.subject.n;
  for (const target of ['sm_90a', 'x86-64-v3']) await mkdir(path.join(folder, target));
  const write = (name: string, text: string) => writeFile(path.join(folder, name), text);
  await write('sm_90a/clip-f32-64.json', JSON.stringify(recordOf(32_768, 32_768, small, gpu)));
  await write('sm_90a/clip-f32-64-small.json', JSON.stringify(recordOf(4096, 4096, small, gpu)));
  await write('sm_90a/clip-f32-640.json', JSON.stringify(recordOf(1024, 1024, small, gpu)));
  await write('x86-64-v3/clip-f32-64.json', JSON.stringify(recordOf(2048, 2048, small, facts)));
  t.deepEqual([await find(gpu), await find(gpu, 5000), await find({ ...gpu, device: 'a GPU, driver 14000' })], [32_768, 4096, 32_768]);
  t.is(await find({ ...gpu, device: 'another, driver 13000' }), undefined);
  t.deepEqual([await find({ ...gpu, workers: gpu.workers + 1 }), await find({ ...gpu, dim: 128 }), await find({ ...gpu, lossHash: 'other' }), await find({ ...gpu, tilingHash: 'other' })], Array<undefined>(4));
  t.is(await find({ ...facts, device: 'another processor', workers: 64, compiler: 'another' }), 2048);
  t.deepEqual(warnings, []);
  await write('x86-64-v3/clip-f32-64.json', 'cut');
  t.is(await find(facts), undefined);
  t.deepEqual(warnings.map(({ code }) => code), ['INF6103']);
});

test('all that is shipped is right, and of a preset as it is', async (t) => {
  const names = (await readdir(shippedFolder, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.json'));
  const presets = new Map(Object.values(losses).map((preset) => (typeof preset === 'function' ? preset() : preset)).map((loss) => [loss.name, loss]));
  for (const name of names) {
    const parsed = parseTuned(await readFile(path.join(shippedFolder, name), 'utf8'));
    if ('problem' in parsed) {
      t.fail(`${name}: ${parsed.problem}`);
      continue;
    }
    const { subject } = parsed.record;
    const loss = presets.get(subject.loss);
    t.true(loss !== undefined && fingerprint(loss) === subject.lossHash, name);
    t.is(subject.tilingHash, restrictionHash(automatic), name);
    const target = targetNamed(subject.target);
    if (loss !== undefined) t.deepEqual(target?.resolve({ loss, dim: subject.dim, precision: subject.precision, softmax: 'bounded' }, parsed.record.tiling).diagnostics, [], name);
    // Of a machine with other cores it would use no more than these.
    t.is(parsed.record.tiling.chunk?.workers, undefined, name);
    t.is(path.dirname(name), subject.target);
    t.true(path.basename(name).startsWith(`${subject.loss}-${subject.precision}-${subject.dim}`), name);
  }
  t.pass();
});
