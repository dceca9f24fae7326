import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { indexMap, matrixSource, openTensor, readMatrixRows, readRows, tensorLocation, writeNpy, type TensorFile } from '../../runtime/tensor/tensor.js';

const test = anyTest as TestFn<{ folder: string }>;

test.beforeEach(async (t) => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'infinitile-test-'));
});

test.afterEach.always((t) => rm(t.context.folder, { recursive: true, force: true }));

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof InfinitileError) return `${error.diagnostics[0]?.code} ${error.diagnostics[0]?.message}`;
    throw error;
  }
  return 'nothing';
}

async function contentOf(file: TensorFile, firstRow = 0, rowCount = file.shape[0] ?? 1, pieceBytes?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  await readRows(file, firstRow, rowCount, (piece, offset) => {
    if (offset !== length) throw new Error('pieces out of order');
    length += piece.length;
    pieces.push(Buffer.from(piece));
  }, pieceBytes === undefined ? {} : { pieceBytes });
  return Buffer.concat(pieces);
}

/** An .npy file with the header text given, as other writers may write it. */
function npy(header: string, data: Uint8Array, version = 1): Buffer {
  const text = Buffer.from(`${header}\n`, 'utf8');
  const prefix = Buffer.alloc(version === 1 ? 10 : 12);
  prefix.write('\x93NUMPY', 'latin1');
  prefix.writeUInt8(version, 6);
  if (version === 1) prefix.writeUInt16LE(text.length, 8);
  else prefix.writeUInt32LE(text.length, 8);
  return Buffer.concat([prefix, text, data]);
}

function safetensors(header: unknown, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const numbers = Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i).buffer);

test('what is written is read again', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('f32' as const, 'f64' as const, 'i32' as const, 'i64' as const, 'f16' as const, 'bf16' as const),
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 3 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 64 }),
      async (element, shape, writePiece, readPiece) => {
        const size = { f32: 4, f64: 8, i32: 4, i64: 8, f16: 2, bf16: 2 }[element];
        const data = Buffer.from(Array.from({ length: shape.reduce((a, b) => a * b, size) }, (_, i) => (i * 37) & 0xff));
        const pieces = Array.from({ length: Math.ceil(data.length / writePiece) }, (_, i) => data.subarray(i * writePiece, (i + 1) * writePiece));
        await writeNpy(path, { element, shape, pieces });
        const file = await openTensor(path);
        t.is(file.element, element);
        t.deepEqual(file.shape, shape);
        t.is(file.offset % 64, 0);
        t.deepEqual(await contentOf(file, 0, shape[0] ?? 1, readPiece), data);
        const rows = shape[0] ?? 1;
        const rowBytes = rows === 0 ? 0 : data.length / rows;
        const first = Math.floor(rows / 3);
        t.deepEqual(await contentOf(file, first, rows - first, readPiece), data.subarray(first * rowBytes));
      },
    ),
    { numRuns: 60 },
  );
  t.deepEqual(await readdir(t.context.folder), ['a.npy']);
});

test('headers as other programs write them', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  const good: readonly [string, number, TensorFile['element'], readonly number[]][] = [
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 1, 'f32', [3, 4]],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 2, 'f32', [3, 4]],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 3, 'f32', [3, 4]],
    ['{"shape":(12L,),"fortran_order":False,"descr":"<i4"}', 1, 'i32', [12]],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': [6, 2]}   ", 1, 'f32', [6, 2]],
    ["{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }", 1, 'i64', [6]],
    ["{'descr': '<f2', 'fortran_order': False, 'shape': (24,), }", 1, 'f16', [24]],
    ["{'descr': '<V2', 'fortran_order': False, 'shape': (6, 4), }", 1, 'bf16', [6, 4]],
    ["{'descr': 'bfloat16', 'fortran_order': False, 'shape': (6, 4), }", 1, 'bf16', [6, 4]],
    ["{'descr': '<u2', 'fortran_order': False, 'shape': (6, 4), }", 1, 'u16', [6, 4]],
  ];
  for (const [header, version, element, shape] of good) {
    await writeFile(path, npy(header, numbers, version));
    const file = await openTensor(path);
    t.is(file.element, element);
    t.deepEqual(file.shape, shape);
    t.deepEqual(await contentOf(file), numbers);
  }
});

test('an .npy that cannot be read says why', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  const bad: readonly [Buffer, RegExp][] = [
    [npy("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }", numbers), /INF6005 .*Fortran order/],
    [npy("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4), }", numbers), /INF6005 .*big-endian/],
    [npy("{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2), }", numbers), /INF6004 .*<c8/],
    [npy("{'descr': 'toString', 'fortran_order': False, 'shape': (3, 2), }", numbers), /INF6004/],
    [npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (12,), }", numbers), /INF6004 .*named fields/],
    [npy("{'descr': '<f4', 'shape': (3, 4), }", numbers), /INF6003 .*fortran_order/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, -4), }", numbers), /INF6003 .*shape/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9007199254740991, 4), }", numbers), /INF6003 .*shape/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)", numbers), /INF6003 .*dictionary/],
    [npy("__import__('os')", numbers), /INF6003 .*dictionary/],
    [npy('('.repeat(500), numbers), /INF6003 .*dictionary/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", numbers), /INF6003 .*16 bytes follow/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }", numbers), /INF6002 .*truncated: \d+ bytes expected, \d+ found/],
    [npy('{}', numbers, 9), /INF6003 .*version is 9/],
    [Buffer.from('PK\x03\x04 an archive of arrays'), /INF6003 .*NUMPY/],
  ];
  for (const [content, expected] of bad) {
    await writeFile(path, content);
    t.regex(await refusal(openTensor(path)), expected);
  }
});

test('a file cut at any byte is refused', async (t) => {
  const whole = new Map([
    ['a.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", numbers)],
    ['a.safetensors', safetensors({ a: { dtype: 'F32', shape: [3, 4], data_offsets: [0, 48] } }, numbers)],
  ]);
  for (const [name, content] of whole) {
    const path = join(t.context.folder, name);
    for (let length = 0; length < content.length; length += 1) {
      await writeFile(path, content.subarray(0, length));
      t.regex(await refusal(openTensor(path)), /INF6002 .*bytes expected/, `${name} at ${length}`);
    }
    await writeFile(path, content);
    t.is(await refusal(openTensor(path)), 'nothing');
  }
});

test('a file cut after it was opened is refused when it is read', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  await writeFile(path, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", numbers));
  const file = await openTensor(path);
  await truncate(path, file.offset + 20);
  t.regex(await refusal(contentOf(file)), /INF6002/);
});

test('tensors of a .safetensors file, by name and alone', async (t) => {
  const path = join(t.context.folder, 'm.safetensors');
  const one = { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] };
  const two = { dtype: 'I64', shape: [3], data_offsets: [24, 48] };
  await writeFile(path, safetensors({ __metadata__: { format: 'pt' }, two, one }, numbers));
  const file = await openTensor(`${path}#one`);
  t.like(file, { tensor: 'one', element: 'f32', shape: [3, 2] });
  t.is(tensorLocation(file), `${path}#one`);
  t.deepEqual(await contentOf(file, 1, 2), numbers.subarray(8, 24));
  t.deepEqual(await contentOf(await openTensor(`${path}#two`)), numbers.subarray(24));
  t.regex(await refusal(openTensor(path)), /INF6006 .*does not hold exactly one tensor: it holds 'two', 'one'/);
  t.regex(await refusal(openTensor(`${path}#three`)), /INF6006 .*no tensor 'three'/);
  await writeFile(path, safetensors(`${JSON.stringify({ one })}    `, numbers.subarray(0, 24)));
  t.is((await openTensor(path)).tensor, 'one');
});

test('a .safetensors file that cannot be read says why', async (t) => {
  const path = join(t.context.folder, 'm.safetensors');
  const entry = (more: object) => ({ a: { dtype: 'F32', shape: [3, 4], data_offsets: [0, 48], ...more } });
  const bad: readonly [Buffer, RegExp][] = [
    [safetensors('{"a": ', numbers), /INF6003 .*not JSON/],
    [safetensors('[]', numbers), /INF6003 .*not a JSON object/],
    [safetensors(entry({ shape: [3.5, 4] }), numbers), /INF6003 .*entry 'a' is wrong: shape/],
    [safetensors(entry({ shape: [-3, 4] }), numbers), /INF6003 .*shape/],
    [safetensors(entry({ data_offsets: [0] }), numbers), /INF6003 .*data_offsets/],
    [safetensors(entry({ data_offsets: [48, 0] }), numbers), /INF6003 .*hole or overlap/],
    [safetensors(entry({ data_offsets: [8, 48] }), numbers), /INF6003 .*hole or overlap/],
    [safetensors({ ...entry({}), b: { dtype: 'F32', shape: [1], data_offsets: [44, 48] } }, numbers), /INF6003 .*hole or overlap/],
    [safetensors(entry({ shape: [3, 5] }), numbers), /INF6003 .*cannot fill/],
    [safetensors(entry({ dtype: 'F16' }), numbers), /INF6003 .*cannot fill/],
    [safetensors(entry({ dtype: 'F8_E4M3' }), numbers), /INF6004 .*F8_E4M3/],
    [safetensors(entry({ dtype: 'constructor' }), numbers), /INF6004/],
    [safetensors(entry({ data_offsets: [0, 44], shape: [11] }), numbers), /INF6003 .*4 bytes follow/],
    [safetensors({}, new Uint8Array(0)), /INF6006 .*it holds none/],
    [Buffer.concat([Buffer.alloc(8, 0xff), numbers]), /INF6003 .*header would take/],
  ];
  for (const [content, expected] of bad) {
    await writeFile(path, content);
    t.regex(await refusal(openTensor(path)), expected);
  }
});

test('a file of another kind, or none', async (t) => {
  const { folder } = t.context;
  t.regex(await refusal(openTensor(join(folder, 'none.npy'))), /INF6001 there is no file/);
  t.regex(await refusal(openTensor(folder)), /INF6001 .*directory/);
  await writeFile(join(folder, 'a.txt'), 'hello there, world');
  t.regex(await refusal(openTensor(join(folder, 'a.txt'))), /INF6003 .*neither/);
  await writeFile(join(folder, 'array.dat'), npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", numbers));
  t.is((await openTensor(join(folder, 'array.dat'))).format, 'npy');
});

test('a file larger than a piece streams, reading ahead of a slow sink', async (t) => {
  const path = join(t.context.folder, 'big.npy');
  const rows = 3000;
  const pieces = (function* () {
    for (let row = 0; row < rows; row += 1) yield Float32Array.from({ length: 257 }, (_, col) => row * 257 + col);
  })();
  await writeNpy(path, { element: 'f32', shape: [rows, 257], pieces });
  const source = matrixSource('queries', await openTensor(path), { precision: 'f32' });
  const memory = new Uint8Array(1000 * 257 * 4);
  let largest = 0;
  const write = async (view: ArrayBufferView, offset: number) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    largest = Math.max(largest, view.byteLength);
    memory.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
  };
  await source.load({ write }, { firstRow: 1500, rowCount: 1000, pieceBytes: 50_001 });
  t.is(largest, 50_000);
  const loaded = new Float32Array(memory.buffer);
  t.true(loaded.every((value, i) => value === 1500 * 257 + i));
  t.is((await readMatrixRows(source, 2999))[256], rows * 257 - 1);
});

test('a sink that fails and an abort end the reading', async (t) => {
  const path = join(t.context.folder, 'a.npy');
  await writeNpy(path, { element: 'f32', shape: [1000], pieces: [new Float32Array(1000)] });
  const file = await openTensor(path);
  await t.throwsAsync(readRows(file, 0, 1000, () => Promise.reject(new Error('device lost')), { pieceBytes: 64 }), { message: 'device lost' });
  const stop = new AbortController();
  let pieces = 0;
  const reading = readRows(file, 0, 1000, () => {
    pieces += 1;
    if (pieces === 3) stop.abort(new Error('stopped'));
  }, { pieceBytes: 64, signal: stop.signal });
  await t.throwsAsync(reading, { message: 'stopped' });
  t.true(pieces < 6);
  await t.throwsAsync(readRows(file, 990, 11, () => undefined), { instanceOf: RangeError });
});

test('files as embeddings and as indices', async (t) => {
  const { folder } = t.context;
  const write = async (name: string, descr: string, shape: string, data: Buffer) => {
    await writeFile(join(folder, name), npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`, data));
    return openTensor(join(folder, name));
  };
  const bits = await write('bits.npy', '<u2', '(6, 4)', numbers);
  t.is(matrixSource('q', bits, { precision: 'bf16' }).precision, 'bf16');
  const unread = (file: TensorFile, precision: 'f32' | 'f16' = 'f32') => refusal(Promise.resolve().then(() => matrixSource('q', file, { precision })));
  t.regex(await unread(bits), /INF4005/);
  t.regex(await unread(bits, 'f16'), /INF4005/);
  t.regex(await unread(await write('f8.npy', '<f8', '(3, 2)', numbers)), /INF6004 .*f64/);
  t.regex(await unread(await write('flat.npy', '<f4', '(12,)', numbers)), /INF4001 .*q \(.*flat.npy\).* \[12\]/);
  t.regex(await unread(await write('none.npy', '<f4', '(0, 4)', Buffer.alloc(0))), /INF4003/);

  const wide = await write('wide.npy', '<i8', '(3,)', Buffer.from(BigInt64Array.of(2n, -1n, 0n).buffer));
  t.deepEqual(await indexMap('positives', wide, { length: 3, limit: 3 }), Int32Array.of(2, -1, 0));
  t.regex(await refusal(indexMap('positives', wide, { length: 3, limit: 2 })), /INF4007 positives \(.*wide.npy\)\[0\] is 2/);
  t.regex(await refusal(indexMap('positives', wide, { length: 4, limit: 3 })), /INF4006/);
  const narrow = await write('narrow.npy', '<i4', '(12,)', numbers);
  t.regex(await refusal(indexMap('positives', narrow, { length: 12, limit: 3 })), /INF4007/);
  t.regex(await refusal(indexMap('positives', bits, { length: 6, limit: 3 })), /INF6004/);
});

test('a write that fails leaves the old file and nothing else', async (t) => {
  const { folder } = t.context;
  const path = join(folder, 'out.npy');
  await writeNpy(path, { element: 'i32', shape: [2], pieces: [Int32Array.of(1, 2)] });
  const before = await readFile(path);
  const failing = (async function* () {
    yield new Float32Array(4);
    await Promise.resolve();
    throw new Error('device lost');
  })();
  await t.throwsAsync(writeNpy(path, { element: 'f32', shape: [8], pieces: failing }), { message: 'device lost' });
  await t.throwsAsync(writeNpy(path, { element: 'f32', shape: [8], pieces: [new Float32Array(7)] }), { instanceOf: RangeError });
  await t.throwsAsync(writeNpy(path, { element: 'f32', shape: [8], pieces: [new Float32Array(9)] }), { instanceOf: RangeError });
  const stop = new AbortController();
  const stopping = (function* () {
    yield new Float32Array(4);
    stop.abort(new Error('stopped'));
    yield new Float32Array(4);
  })();
  await t.throwsAsync(writeNpy(path, { element: 'f32', shape: [8], pieces: stopping }, { signal: stop.signal }), { message: 'stopped' });
  t.deepEqual(await readFile(path), before);
  t.deepEqual(await readdir(folder), ['out.npy']);
  t.regex(await refusal(writeNpy(join(folder, 'no', 'where.npy'), { element: 'f32', shape: [1], pieces: [new Float32Array(1)] })), /INF6007/);
  await mkdir(join(folder, 'taken.npy'));
  t.regex(await refusal(writeNpy(join(folder, 'taken.npy'), { element: 'f32', shape: [1], pieces: [new Float32Array(1)] })), /INF6007/);
  t.deepEqual((await readdir(folder)).sort(), ['out.npy', 'taken.npy']);
});

test('a file with any one byte changed is read or refused, nothing else', async (t) => {
  const whole = new Map([
    ['a.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", numbers)],
    ['a.safetensors', safetensors({ a: { dtype: 'F32', shape: [3, 4], data_offsets: [0, 48] } }, numbers)],
  ]);
  for (const [name, content] of whole) {
    const path = join(t.context.folder, name);
    const header = content.length - numbers.length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: header - 1 }), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const changed = Buffer.from(content);
        changed.writeUInt8(byte, at);
        await writeFile(path, changed);
        return /^(nothing|INF600\d )/.test(await refusal(openTensor(path)));
      }),
      { numRuns: 500 },
    );
  }
  t.pass();
});
