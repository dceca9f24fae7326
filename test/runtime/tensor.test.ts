import test from 'ava';
import fc from 'fast-check';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import {
  bf16ToF32, checkPrecision, checkSameDim, convertMatrix, f16ToF32, f32ToBf16, f32ToF16, indexMap, matrixSource, readMatrixRows, type MatrixValue,
} from '../../runtime/tensor/tensor.js';
import { readVector } from '../../runtime/tensor/vector.js';
import { resizableBuffer } from '../support/resizable.js';

const f32 = { precision: 'f32' } as const;

function code(error: unknown): string | undefined {
  return error instanceof InfinitileError ? error.diagnostics[0]?.code : undefined;
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return code(error);
  }
  return undefined;
}

/** Buffer of a device, as far as loading needs one. */
function fakeBuffer(bytes: number) {
  const memory = new Uint8Array(bytes);
  const write = async (view: ArrayBufferView, offset: number) => {
    await Promise.resolve();
    memory.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
  };
  return { memory, write };
}

test('every f16 number survives the way to f32 and back', (t) => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const numbers = f16ToF32(all);
  const back = f32ToF16(numbers);
  for (let bits = 0; bits < 65536; bits += 1) {
    const isNan = (bits & 0x7fff) > 0x7c00;
    if (isNan ? !Number.isNaN(numbers[bits]) || ((back[bits] ?? 0) & 0x7fff) <= 0x7c00 : back[bits] !== bits) t.fail(`${bits} became ${back[bits]}`);
  }
  t.is(numbers[1], 2 ** -24);
  t.is(numbers[0x3c00], 1);
  t.is(numbers[0x7bff], 65504);
  t.true(Object.is(numbers[0x8000], -0));
});

test('every bf16 number survives the way to f32 and back', (t) => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const back = f32ToBf16(bf16ToF32(all));
  for (let bits = 0; bits < 65536; bits += 1) {
    const isNan = (bits & 0x7fff) > 0x7f80;
    if (isNan ? ((back[bits] ?? 0) & 0x7fff) <= 0x7f80 : back[bits] !== bits) t.fail(`${bits} became ${back[bits]}`);
  }
  t.is(bf16ToF32(Uint16Array.of(0x3f80))[0], 1);
});

const roundings = [
  { name: 'bf16', round: f32ToBf16, widen: bf16ToF32, infinity: 0x7f80 },
  { name: 'f16', round: f32ToF16, widen: f16ToF32, infinity: 0x7c00 },
] as const;

for (const { name, round, widen, infinity } of roundings) {
  test(`f32 rounds to the nearest ${name}, ties to even`, (t) => {
    const value = (bits: number) => widen(Uint16Array.of(bits))[0] ?? 0;
    // One step beyond the largest number: where infinity would lie if it were finite.
    const magnitude = (bits: number) => (bits === infinity ? 2 * value(infinity - 1) - value(infinity - 2) : value(bits));
    const check = (x: number) => {
      const got = (round(Float32Array.of(x))[0] ?? 0) & 0x7fff;
      const size = Math.abs(Math.fround(x));
      const distance = (bits: number) => Math.abs(magnitude(bits) - size);
      if (got > 0 && distance(got - 1) <= distance(got)) return distance(got - 1) === distance(got) && got % 2 === 0;
      if (got < infinity && distance(got + 1) <= distance(got)) return distance(got + 1) === distance(got) && got % 2 === 0;
      return true;
    };
    fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), check), { numRuns: 2000 });
    // Halfway between two neighbours.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: infinity - 2 }), (bits) => {
        const middle = (value(bits) + value(bits + 1)) / 2;
        return Math.fround(middle) !== middle || (check(middle) && round(Float32Array.of(middle))[0] === bits + (bits % 2));
      }),
      { numRuns: 2000 },
    );
    t.is(round(Float32Array.of(Infinity))[0], infinity);
    t.is(round(Float32Array.of(-Infinity))[0], infinity | 0x8000);
    t.is(round(Float32Array.of(3.4e38))[0], infinity);
    t.is(round(Float32Array.of(-0))[0], 0x8000);
    t.true(((round(Float32Array.of(NaN))[0] ?? 0) & 0x7fff) > infinity);
  });
}

test('a matrix in memory loads in pieces, all of it or some rows', async (t) => {
  const data = Float32Array.from({ length: 30 }, (_, i) => i);
  const source = matrixSource('queries', { data, shape: [6, 5] }, f32);
  t.like(source, { name: 'queries', rows: 6, dim: 5, precision: 'f32' });
  const whole = fakeBuffer(8 + 120);
  await source.load(whole, { offset: 8, pieceBytes: 17 });
  t.deepEqual(new Float32Array(whole.memory.buffer, 8), data);
  const part = fakeBuffer(40);
  await source.load(part, { firstRow: 3, rowCount: 2 });
  t.deepEqual(new Float32Array(part.memory.buffer), data.slice(15, 25));
  await t.throwsAsync(source.load(part, { firstRow: 5, rowCount: 2 }), { instanceOf: RangeError, message: /rows 5 .. 6 of queries/ });
});

test('a bare array takes its shape from D', (t) => {
  t.like(matrixSource('keys', new Float32Array(12), { precision: 'f32', dim: 4 }), { rows: 3, dim: 4 });
  t.is(codeOf(() => matrixSource('keys', new Float32Array(12), f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('keys', new Float32Array(13), { precision: 'f32', dim: 4 })), 'INF4001');
});

test('a view into a larger buffer is read from where it starts', async (t) => {
  const data = Float32Array.from({ length: 10 }, (_, i) => i).subarray(3, 9);
  t.deepEqual(await readMatrixRows(matrixSource('q', { data, shape: [2, 3] }, f32), 1), Float32Array.of(6, 7, 8));
});

test('sixteen bits are what the kernel takes, or what they say', async (t) => {
  const data = f32ToBf16(Float32Array.of(1, -2, 0.5, 3));
  const source = matrixSource('q', { data, shape: [2, 2] }, { precision: 'bf16' });
  t.is(source.precision, 'bf16');
  t.deepEqual(await readMatrixRows(source), Float32Array.of(1, -2, 0.5, 3));
  t.is(matrixSource('q', { data, shape: [2, 2], precision: 'bf16' }, f32).precision, 'bf16');
  t.is(codeOf(() => matrixSource('q', { data, shape: [2, 2] }, f32)), 'INF4005');
});

test('conversion is asked for, never made in silence', async (t) => {
  const source = matrixSource('q', { data: Float32Array.of(1 / 3, 2, 70000, 1e-8), shape: [2, 2] }, { precision: 'bf16' });
  t.is(source.precision, 'f32');
  t.is(codeOf(() => checkPrecision(source, 'bf16')), 'INF4005');
  t.is(codeOf(() => checkPrecision(source, 'f32')), undefined);
  for (const [precision, round] of [['bf16', f32ToBf16], ['f16', f32ToF16]] as const) {
    const converted = convertMatrix(source, precision);
    t.is(converted.precision, precision);
    const { memory, write } = fakeBuffer(10);
    await converted.load({ write }, { pieceBytes: 4, offset: 2 });
    t.deepEqual(new Uint16Array(memory.buffer, 2), round(Float32Array.of(1 / 3, 2, 70000, 1e-8)));
  }
  t.is(codeOf(() => convertMatrix(convertMatrix(source, 'bf16'), 'f16')), 'INF4005');
});

test('shapes that are no matrix are refused', (t) => {
  const data = new Float32Array(12);
  t.is(codeOf(() => matrixSource('q', { data, shape: [12] }, f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('q', { data, shape: [2, 2, 3] }, f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('q', { data, shape: [3, 5] }, f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('q', { data, shape: [-3, -4] }, f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('q', { data, shape: [2.4, 5] }, f32)), 'INF4001');
  t.is(codeOf(() => matrixSource('q', { data: new Float32Array(0), shape: [0, 4] }, f32)), 'INF4003');
  t.is(codeOf(() => matrixSource('q', { data: new Float32Array(0), shape: [4, 0] }, f32)), 'INF4003');
  t.is(codeOf(() => matrixSource('q', new Float32Array(0), { precision: 'f32', dim: 4 })), 'INF4003');
});

test('Q and K have rows of one length', (t) => {
  const q = matrixSource('queries', { data: new Float32Array(12), shape: [3, 4] }, f32);
  const k = matrixSource('keys', { data: new Float32Array(12), shape: [4, 3] }, f32);
  const error = t.throws(() => checkSameDim(q, k), { instanceOf: InfinitileError });
  t.regex(error.message, /INF4002 queries has rows of 4 numbers, keys of 3/);
  t.notThrows(() => checkSameDim(q, q));
});

test('other values are refused with what they are', (t) => {
  const wrong: readonly unknown[] = [new Float64Array(4), [1, 2], null, undefined, 'q.npy', 3, { data: [1], shape: [1, 1] }, new Uint8Array(4)];
  for (const value of wrong) t.is(codeOf(() => matrixSource('q', value as MatrixValue, { precision: 'f32', dim: 2 })), 'INF4004', String(value));
  t.throws(() => matrixSource('q', new Float64Array(4) as unknown as MatrixValue, f32), { message: /q is of type Float64Array/ });
});

test('arrays whose memory may go during a run are refused by their names', async (t) => {
  const floats = new Float32Array(resizableBuffer(16));
  const message = /^INF4004 (q|positives) is an array over a resizable ArrayBuffer, which is not taken\n {2}hint: .*array\.slice\(\)/;
  t.throws(() => matrixSource('q', floats, { ...f32, dim: 2 }), { message });
  t.throws(() => matrixSource('q', { data: floats, shape: [2, 2] }, f32), { message });
  t.is(matrixSource('q', floats.slice(), { ...f32, dim: 2 }).rows, 2);
  await t.throwsAsync(indexMap('positives', new Int32Array(resizableBuffer(8)), { length: 2, limit: 2 }), { message });
  t.like(await readVector(new Float32Array(resizableBuffer(8)), 'f32', 2), { mistake: { problem: 'is an array over a resizable ArrayBuffer' } });
});

test('an index map of any integer kind becomes an Int32Array', async (t) => {
  const range = { length: 3, limit: 5 };
  const given = Int32Array.of(4, -1, 0);
  t.is(await indexMap('positives', given, range), given);
  t.deepEqual(await indexMap('positives', [4, -1, 0], range), given);
  t.deepEqual(await indexMap('positives', BigInt64Array.of(4n, -1n, 0n), range), given);
});

test('an index map is checked', async (t) => {
  const range = { length: 2, limit: 5 };
  for (const wrong of [[0, 5], [0, -2], [0, 1.5], [0, NaN], BigInt64Array.of(0n, 1n << 40n), Int32Array.of(0, 5), Int32Array.of(-2, 0)]) {
    t.is(code(await t.throwsAsync(indexMap('positives', wrong, range))), 'INF4007');
  }
  t.is(code(await t.throwsAsync(indexMap('positives', [1], range))), 'INF4006');
  t.is(code(await t.throwsAsync(indexMap('positives', Int32Array.of(1, 2, 3), range))), 'INF4006');
  t.is(code(await t.throwsAsync(indexMap('positives', new Float32Array(2) as unknown as Int32Array, range))), 'INF4004');
  await t.throwsAsync(indexMap('positives', [0, 7], range), { message: /positives\[1\] is 7: not one of the 5 keys/ });
});
