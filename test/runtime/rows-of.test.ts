import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { finiteMatrix } from '../../runtime/tensor/finite.js';
import { prefixMatrix } from '../../runtime/tensor/prefix.js';
import { convertMatrix, indexMap, matrixSource, openTensor, readMatrixRows, rowsOf, writeNpy, type ElementType } from '../../runtime/tensor/tensor.js';
import { readVector } from '../../runtime/tensor/vector.js';
import { clip, compile } from '../../runtime/index.js';

const test = anyTest as TestFn<{ folder: string }>;

test.beforeEach(async (t) => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'infinitile-test-'));
});

test.afterEach.always((t) => rm(t.context.folder, { recursive: true, force: true }));

const f32 = { precision: 'f32' } as const;

async function write(path: string, element: ElementType, shape: readonly number[], data: ArrayBufferView) {
  await writeNpy(path, { element, shape, pieces: [data] });
  return openTensor(path);
}

test('any part of a matrix is that slice, and so is a part of the part', async (t) => {
  const [rows, dim] = [13, 5];
  const values = Float32Array.from({ length: rows * dim }, (_, i) => i);
  const file = await write(join(t.context.folder, 'a.npy'), 'f32', [rows, dim], values);
  const cut = fc.tuple(fc.nat(rows), fc.nat(rows)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  await fc.assert(
    fc.asyncProperty(cut, fc.nat(rows), fc.integer({ min: 1, max: 4 }), async ([first, end], skip, kept) => {
      const part = rowsOf(file, first, end - first);
      const from = Math.min(end - first, skip);
      const inner = rowsOf(part, from, end - first - from);
      for (const [taken, start] of [[part, first], [inner, first + from]] as const) {
        const source = matrixSource('q', taken, f32);
        t.deepEqual([source.rows, source.firstRow], [end - start, start]);
        t.deepEqual(await readMatrixRows(source), values.slice(start * dim, end * dim));
        const prefix = await readMatrixRows(prefixMatrix(source, kept));
        t.deepEqual([...prefix], Array.from({ length: (end - start) * kept }, (_, i) => (start + Math.floor(i / kept)) * dim + (i % kept)));
      }
    }),
    { numRuns: 60 },
  );
});

test('any part of a vector is that slice', async (t) => {
  const numbers = Int32Array.from({ length: 17 }, (_, i) => (i * 5) % 17);
  const narrow = await write(join(t.context.folder, 'i4.npy'), 'i32', [17], numbers);
  const wide = await write(join(t.context.folder, 'i8.npy'), 'i64', [17], BigInt64Array.from(numbers, BigInt));
  await fc.assert(
    fc.asyncProperty(fc.nat(17), fc.nat(17), fc.constantFrom(narrow, wide), async (first, most, file) => {
      const count = Math.min(most, 17 - first);
      const expected = numbers.slice(first, first + count);
      t.deepEqual(await indexMap('positives', rowsOf(file, first, count), { length: count, limit: 17 }), expected);
      t.deepEqual((await readVector(rowsOf(file, first, count), 'i32', count)).values, expected);
    }),
    { numRuns: 60 },
  );
});

test('a part needs nothing of the rows around it: they are not finite, or no longer there', async (t) => {
  const [rows, dim, first, count] = [9, 4, 3, 2];
  const values = new Float32Array(rows * dim).fill(Number.NaN).fill(0.5, first * dim, (first + count) * dim);
  const file = await write(join(t.context.folder, 'a.npy'), 'f32', [rows, dim], values);
  await truncate(file.path, file.offset + (first + count) * dim * 4);
  const kernel = await compile(clip, { dim, threads: 1 });
  t.teardown(() => kernel.close());
  const part = rowsOf(file, first, count);
  const { loss } = await kernel.run({ q: part, k: part, params: { logScale: 0 } }, { gradients: false });
  t.true(Math.abs(loss - Math.log(count)) < 1e-6, String(loss));
  await t.throwsAsync(readMatrixRows(matrixSource('q', rowsOf(file, first, count + 1), f32)), { message: /INF6002/ });
});

test('messages number rows as the file does', async (t) => {
  const [rows, dim] = [12, 4];
  const values = new Float32Array(rows * dim).fill(0.5);
  values[9 * dim + 1] = Number.NaN;
  const file = await write(join(t.context.folder, 'a.npy'), 'f32', [rows, dim], values);
  const part = rowsOf(file, 6, 5);
  const kernel = await compile(clip, { dim, threads: 1 });
  t.teardown(() => kernel.close());
  await t.throwsAsync(kernel.run({ q: rowsOf(file, 0, 5), k: part, params: { logScale: 0 } }), { message: /INF4008 k \(.*a\.npy\) holds NaN or infinity: row 9 is/ });
  const ignore = { write: () => Promise.resolve() };
  await t.throwsAsync(finiteMatrix(convertMatrix(matrixSource('q', part, f32), 'bf16')).load(ignore, { firstRow: 1 }), { message: /row 9 is/ });

  const indices = await write(join(t.context.folder, 'i.npy'), 'i32', [rows], Int32Array.from({ length: rows }, (_, i) => (i === 7 ? 40 : i)));
  await t.throwsAsync(indexMap('positives', rowsOf(indices, 6, 5), { length: 5, limit: rows }), { message: /INF4007 positives \(.*\)\[7\] is 40/ });
  const labels = await write(join(t.context.folder, 'l.npy'), 'f32', [rows], Float32Array.from({ length: rows }, (_, i) => (i === 8 ? Infinity : i)));
  t.is((await readVector(rowsOf(labels, 6, 5), 'f32', 5)).mistake?.problem, 'is Infinity at 8');
});

test('a part lies within the whole, and may be empty', async (t) => {
  const file = await write(join(t.context.folder, 'a.npy'), 'f32', [4, 2], new Float32Array(8));
  t.throws(() => rowsOf(file, 2, 3), { instanceOf: RangeError, message: /rows 2 \.\. 4 of .*a\.npy were asked for; it has 4/ });
  t.throws(() => rowsOf(file, -1, 1), { instanceOf: RangeError });
  t.is(matrixSource('q', rowsOf(file, 4, 0), f32).rows, 0);
  const none = await write(join(t.context.folder, 'none.npy'), 'f32', [0, 2], new Float32Array(0));
  t.throws(() => matrixSource('q', none, f32), { message: /INF4003/ });
});
