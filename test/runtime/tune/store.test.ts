import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Diagnostic } from '../../../runtime/index.js';
import type { Measurement } from '../../../runtime/tune/measurement.js';
import { clearTuned, listTuned } from '../../../runtime/tune/store/catalog.js';
import { nearestClass, sizeClass, tunedKey } from '../../../runtime/tune/store/key.js';
import { TunedStore } from '../../../runtime/tune/store/tuned-store.js';
import { facts, recordOf } from './records.js';

const size = { n: 4096, m: 4096 };
const round = (ms: number): Measurement => ({ kind: 'round', usual: 100, times: { a: ms } });

async function temporaryCache(t: ExecutionContext): Promise<{ readonly directory: string; readonly store: TunedStore; readonly warnings: Diagnostic[] }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const warnings: Diagnostic[] = [];
  return { directory, warnings, store: new TunedStore(directory, facts, (warning) => warnings.push(warning)) };
}

async function keep(store: TunedStore, measurements: readonly Measurement[], of = size): Promise<void> {
  const file = await store.begin(of);
  for (const measurement of measurements) await file.append(measurement);
  await file.close();
}

test('a winner and measurements are read as they were kept', async (t) => {
  const { store, warnings, directory } = await temporaryCache(t);
  t.is(await store.winner(size), undefined);
  t.deepEqual(await store.measurements(size), []);
  await keep(store, [round(50), { kind: 'check', id: 'a', error: null, worst: 'loss' }]);
  await keep(store, [round(60)]);
  await store.keepWinner(recordOf(4096));
  t.deepEqual(await store.winner(size), recordOf(4096));
  t.deepEqual(await store.measurements(size), [round(50), { kind: 'check', id: 'a', error: null, worst: 'loss' }, round(60)]);
  t.deepEqual(await store.measurements({ n: 5000, m: 4096 }), [], 'times are of one size; a winner is of a class');
  t.deepEqual(await store.winner({ n: 5000, m: 4100 }), recordOf(4096));
  t.deepEqual(warnings, []);
  const [entry] = await listTuned(directory);
  t.deepEqual([entry?.key, entry?.sizeClass, entry?.record], [tunedKey(facts), '4096x4096', recordOf(4096)]);
  t.is((await clearTuned(directory)).entries, 1);
  t.deepEqual(await readdir(path.join(directory, 'tuned')), []);
});

test('the nearest size class is found: the largest where none is named, or two are as near', async (t) => {
  const { store } = await temporaryCache(t);
  for (const n of [1024, 4096, 65_536]) await store.keepWinner(recordOf(n));
  const found = async (n?: number) => (await store.nearest(n))?.subject.n;
  t.deepEqual([await found(), await found(1), await found(2048), await found(5000), await found(16_384), await found(1e9)], [65_536, 1024, 4096, 4096, 65_536, 65_536]);
});

test('a class has its own size nearest', (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { minLength: 1 });
  fc.assert(
    fc.property(sizes, (all) => {
      const names = all.map((n) => sizeClass({ n, m: n }));
      return all.every((n) => nearestClass(names, n) === sizeClass({ n, m: n }));
    }),
  );
  t.is(nearestClass(['notes', '.tmp', '12']), undefined);
});

test('every fact has a key of its own', (t) => {
  const changed = Object.entries(facts).map(([field, value]) => tunedKey({ ...facts, [field]: typeof value === 'number' ? value + 1 : `${value}'` }));
  t.is(new Set([tunedKey(facts), ...changed]).size, Object.keys(facts).length + 1);
});

const damages: Readonly<Record<string, (text: string) => string>> = {
  'cut in half': (text) => text.slice(0, text.length / 2),
  empty: () => '',
  'of another format': (text) => text.replace('"format": 1', '"format": 99'),
  'of another depth': (text) => text.replace('"dim": 64', '"dim": 128'),
  'of another device': (text) => text.replace('a processor', 'another'),
  'of another size': (text) => text.replace('"n": 4096', '"n": 512'),
  'with a knob that there is not': (text) => text.replace('"rows": 512', '"rows": -1'),
};

for (const [how, damage] of Object.entries(damages)) {
  test(`a winner that is ${how} is told of, and counts as none`, async (t) => {
    const { store, warnings } = await temporaryCache(t);
    await store.keepWinner(recordOf(4096));
    const file = path.join(store.directory(size), 'winner.json');
    const before = await readFile(file, 'utf8');
    await writeFile(file, damage(before));
    t.not(await readFile(file, 'utf8'), before);
    t.is(await store.winner(size), undefined);
    t.is(await store.nearest(), undefined);
    t.deepEqual(warnings.map(({ code }) => code), ['INF6103', 'INF6103']);
  });
}

test('a line that was being written when its process was killed is passed over; one that is damaged is told of', async (t) => {
  const { store, warnings } = await temporaryCache(t);
  await keep(store, [round(50)]);
  const [name = ''] = await readdir(store.directory(size));
  const file = path.join(store.directory(size), name);
  await appendFile(file, '{"kind":"round","usu');
  t.deepEqual(await store.measurements(size), [round(50)]);
  t.deepEqual(warnings, []);
  await appendFile(file, '\n');
  await appendFile(file, `${JSON.stringify(round(70))}\n`);
  t.deepEqual(await store.measurements(size), [round(50), round(70)]);
  t.deepEqual(warnings.map(({ code }) => code), ['INF6103']);
});

test('measurements of another search are not taken for this one', async (t) => {
  const { store, warnings, directory } = await temporaryCache(t);
  const other = new TunedStore(directory, { ...facts, dim: 128 });
  await keep(other, [round(1)]);
  await keep(store, [round(50)]);
  const [name = ''] = await readdir(other.directory(size));
  await writeFile(path.join(store.directory(size), name), await readFile(path.join(other.directory(size), name)));
  t.deepEqual(await store.measurements(size), [round(50)]);
  t.deepEqual(warnings.map(({ code }) => code), ['INF6103']);
});

test('eight processes that write at once lose nothing, and leave nothing but what they have written', async (t) => {
  const { store, warnings, directory } = await temporaryCache(t);
  const count = 25;
  const children = Array.from({ length: 8 }, (_, i) => fork(path.join(import.meta.dirname, 'store-writer.ts'), [directory, String(i), String(count)]));
  const readers = setInterval(() => void store.winner(size), 5);
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0] as unknown));
  clearInterval(readers);
  t.deepEqual(codes, codes.map(() => 0));
  const measured = await store.measurements(size);
  t.is(measured.length, 8 * count);
  t.is(new Set(measured.map((each) => (each.kind === 'round' ? each.usual : 0))).size, 8 * count);
  t.not(await store.winner(size), undefined);
  t.deepEqual(warnings, []);
  const names = await readdir(store.directory(size));
  t.deepEqual(names.filter((name) => name !== 'winner.json' && !name.endsWith('.jsonl')), []);
  t.is(names.length, 9);
});
