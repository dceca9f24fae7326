import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { makeNpy, writeNpy, writeNpyRows } from '../../runtime/tensor/tensor.js';

const test = anyTest as TestFn<{ folder: string }>;

test.beforeEach(async (t) => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'infinitile-test-'));
});

test.afterEach.always((t) => rm(t.context.folder, { recursive: true, force: true }));

test('rows written in parts, in any order and all at once, are the file written whole', async (t) => {
  const [whole, shared] = [join(t.context.folder, 'whole.npy'), join(t.context.folder, 'shared.npy')];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 }), async (counts, dim, piece) => {
      const rows = counts.reduce((sum, count) => sum + count, 0);
      const values = Float32Array.from({ length: rows * dim }, (_, i) => i + 1);
      const form = { element: 'f32', shape: [rows, dim] } as const;
      await writeNpy(whole, { ...form, pieces: [values] });
      await rm(shared, { force: true });
      await makeNpy(shared, form);
      const parts = counts.map((rowCount, i) => ({ firstRow: counts.slice(0, i).reduce((sum, count) => sum + count, 0), rowCount }));
      await Promise.all(
        parts.reverse().map(({ firstRow, rowCount }) => {
          const own = values.subarray(firstRow * dim, (firstRow + rowCount) * dim);
          const pieces = Array.from({ length: Math.ceil(own.length / piece) }, (_, i) => own.subarray(i * piece, (i + 1) * piece));
          return writeNpyRows(shared, form, { firstRow, rowCount, pieces });
        }),
      );
      t.deepEqual(await readFile(shared), await readFile(whole));
    }),
    { numRuns: 40 },
  );
});

test('pieces that do not fill their rows are refused, and touch no others', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  const form = { element: 'i32', shape: [4] } as const;
  await makeNpy(path, form);
  await writeNpyRows(path, form, { firstRow: 2, rowCount: 2, pieces: [Int32Array.of(3, 4)] });
  await t.throwsAsync(writeNpyRows(path, form, { firstRow: 0, rowCount: 2, pieces: [Int32Array.of(1, 2), Int32Array.of(9)] }), { instanceOf: RangeError, message: /takes 8 bytes; the pieces hold more/ });
  await t.throwsAsync(writeNpyRows(path, form, { firstRow: 0, rowCount: 2, pieces: [Int32Array.of(1)] }), { instanceOf: RangeError, message: /the pieces hold 4/ });
  t.deepEqual([...(await readFile(path)).subarray(-8)], [3, 0, 0, 0, 4, 0, 0, 0]);
  await t.throwsAsync(makeNpy(path, form), { message: /INF6007/ });
  await t.throwsAsync(writeNpyRows(join(t.context.folder, 'none.npy'), form, { firstRow: 0, rowCount: 0, pieces: [] }), { message: /INF6007/ });
});
