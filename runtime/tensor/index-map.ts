import { indexCount, indexOutOfRange, notAVector, resizable, unsupportedElement, unsupportedValue } from './errors.js';
import { isTensorFile, readRows, tensorLocation, type ReadOptions, type TensorFile } from './file.js';
import { isResizable } from './resizable.js';

/** For each query the index of its positive key, -1 for none: as users pass it. */
export type IndexMapValue = Int32Array | readonly number[] | BigInt64Array | TensorFile;

export interface IndexMapExpectation {
  /** Number of queries: of indices. */
  readonly length: number;
  /** Number of keys: indices are below it. */
  readonly limit: number;
}

const takenValues = 'Int32Array, BigInt64Array, an array of integers or a file of i4 or i8 from openTensor(path) are taken';

/** Checks an index map and makes it an Int32Array (the given one, where it is one). */
export async function indexMap(
  name: string,
  value: IndexMapValue,
  expected: IndexMapExpectation,
  options: ReadOptions = {},
): Promise<Int32Array> {
  if (isResizable(value)) throw resizable(name);
  if (value instanceof Int32Array) return checkRange(name, value, expected);
  if (value instanceof BigInt64Array || Array.isArray(value)) return narrow(name, value, expected);
  if (isTensorFile(value)) return readIndexMap(`${name} (${tensorLocation(value)})`, value, expected, options);
  throw unsupportedValue(name, 'of another type', takenValues);
}

async function readIndexMap(name: string, file: TensorFile, expected: IndexMapExpectation, options: ReadOptions): Promise<Int32Array> {
  if (file.element !== 'i32' && file.element !== 'i64') {
    throw unsupportedElement(name, `${file.element} numbers as indices`, 'write i4 or i8: numpy.save(path, indices.astype(numpy.int32))');
  }
  const [length, ...more] = file.shape;
  if (length === undefined || more.length > 0) throw notAVector(name, file.shape);
  if (length !== expected.length) throw indexCount(name, length, expected.length);
  if (file.element === 'i64') return narrow(name, await fill(file, new BigInt64Array(length), options), expected, file.firstRow);
  return checkRange(name, await fill(file, new Int32Array(length), options), expected, file.firstRow);
}

async function fill<T extends Int32Array | BigInt64Array>(file: TensorFile, indices: T, options: ReadOptions): Promise<T> {
  const bytes = new Uint8Array(indices.buffer);
  await readRows(file, 0, indices.length, (piece, offset) => bytes.set(piece, offset), options);
  return indices;
}

function checkRange(name: string, indices: Int32Array, { length, limit }: IndexMapExpectation, firstRow = 0): Int32Array {
  if (indices.length !== length) throw indexCount(name, indices.length, length);
  for (let row = 0; row < length; row += 1) {
    const index = indices[row] ?? -1;
    if (index < -1 || index >= limit) throw indexOutOfRange(name, firstRow + row, index, limit);
  }
  return indices;
}

function narrow(name: string, indices: BigInt64Array | readonly unknown[], { length, limit }: IndexMapExpectation, firstRow = 0): Int32Array {
  if (indices.length !== length) throw indexCount(name, indices.length, length);
  const narrowed = new Int32Array(length);
  for (let row = 0; row < length; row += 1) {
    const value = indices[row];
    const index = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN;
    if (!Number.isInteger(index) || index < -1 || index >= limit) throw indexOutOfRange(name, firstRow + row, String(value), limit);
    narrowed[row] = index;
  }
  return narrowed;
}
