import type { Precision } from '../../dsl/problem.js';
import type { NativeBuffer } from '../addon.js';
import { elementCount, elementSize } from './element.js';
import {
  dimMismatch, emptyMatrix, notAMatrix, precisionMismatch, resizable, rowsOutOfRange, shapeMismatch, unknownShape, unsupportedElement, unsupportedValue,
} from './errors.js';
import { isTensorFile, readRows, tensorLocation, type PieceSink, type ReadOptions, type TensorFile } from './file.js';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './half.js';
import { isResizable } from './resizable.js';

/** Embeddings as users pass them: one row per item. `Uint16Array` holds the bits of bf16 or f16. */
export type MatrixValue = Float32Array | Uint16Array | ShapedArray | TensorFile;

export interface ShapedArray {
  readonly data: Float32Array | Uint16Array;
  readonly shape: readonly number[];
  /** Of a Uint16Array: which bits they are. Left out, they are what the kernel takes. */
  readonly precision?: 'bf16' | 'f16';
}

export interface MatrixExpectation {
  /** What the kernel takes: says what sixteen bits without a type are. The matrix is not converted: see {@link convertMatrix}. */
  readonly precision: Precision;
  /** D, where it is known: gives a bare array its shape. */
  readonly dim?: number;
}

/** A checked matrix, wherever it lies, ready to be loaded. */
export interface MatrixSource {
  /** What messages call it: 'queries', or the file. */
  readonly name: string;
  readonly rows: number;
  readonly dim: number;
  readonly precision: Precision;
  /** Number of its first row in the file that it is a part of, else 0: messages count from there. */
  readonly firstRow: number;
  /** Streams rows to `sink`, as {@link readRows} does. */
  stream(firstRow: number, rowCount: number, sink: PieceSink, options?: ReadOptions): Promise<void>;
  /** Copies rows, all unless told otherwise, into a device's memory at `offset` bytes. */
  load(buffer: Pick<NativeBuffer, 'write'>, options?: LoadOptions): Promise<void>;
}

export interface LoadOptions extends ReadOptions {
  readonly firstRow?: number;
  readonly rowCount?: number;
  readonly offset?: number;
}

/** Rows and columns are counted in 32 bits by the kernels. */
const mostRows = 2 ** 31 - 1;

const memoryPiece = 64 * 2 ** 20;

/** Checks a value and makes it a {@link MatrixSource}. `name` is the argument's, such as 'queries'. */
export function matrixSource(name: string, value: MatrixValue, expected: MatrixExpectation): MatrixSource {
  if (isTaken(value)) {
    return arrayMatrix(name, value, bareShape(name, value.length, expected.dim), expected.precision);
  }
  if (isTensorFile(value)) return fileMatrix(name, value, expected);
  if (!isShaped(value)) throw unsupportedValue(name, describe(value), takenValues);
  const { data, shape, precision = expected.precision } = value;
  if (isTaken(data)) return arrayMatrix(name, data, shape, precision);
  throw unsupportedValue(`${name}.data`, describe(data), takenValues);
}

/** Refuses matrices whose rows cannot be multiplied. */
export function checkSameDim(left: MatrixSource, right: MatrixSource): void {
  if (left.dim !== right.dim) throw dimMismatch(left.name, left.dim, right.name, right.dim);
}

/** Refuses a matrix whose precision is not the kernel's. */
export function checkPrecision(source: MatrixSource, precision: Precision): void {
  if (source.precision === precision) return;
  const hint = `compile with precision: '${source.precision}', or pass convert: true beside the inputs`;
  throw precisionMismatch(source.name, source.precision, precision, hint);
}

/**
 * The same matrix in another precision, converted piece by piece as it is loaded. f32 rounds to nearest, ties to even; bf16 and
 * f16 widen exactly.
 */
export function convertMatrix(source: MatrixSource, precision: Precision): MatrixSource {
  if (source.precision === precision) return source;
  const convert = conversion(source, precision);
  const from = elementSize[source.precision];
  const to = elementSize[precision];
  return makeSource({ ...factsOf(source), precision }, (firstRow, rowCount, sink, options) =>
    source.stream(firstRow, rowCount, (piece, offset) => sink(convert(piece), (offset / from) * to), options),
  );
}

/** Rows as numbers, for checks and examples. */
export async function readMatrixRows(source: MatrixSource, firstRow = 0, rowCount = source.rows - firstRow): Promise<Float32Array> {
  const values = new Float32Array(rowCount * source.dim);
  const bytes = new Uint8Array(values.buffer);
  await convertMatrix(source, 'f32').stream(firstRow, rowCount, (piece, offset) => bytes.set(piece, offset));
  return values;
}

function arrayMatrix(name: string, data: Float32Array | Uint16Array, shape: readonly number[], expected: Precision): MatrixSource {
  if (isResizable(data)) throw resizable(name);
  const [rows, dim] = checkShape(name, shape);
  if (rows === 0) throw emptyMatrix(name, shape);
  if (elementCount(shape) !== data.length) throw shapeMismatch(name, shape, data.length);
  const precision = precisionOfArray(name, data, expected);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return makeSource({ name, rows, dim, precision, firstRow: 0 }, async (firstRow, rowCount, sink, options) => {
    const rowBytes = dim * elementSize[precision];
    const part = bytes.subarray(firstRow * rowBytes, (firstRow + rowCount) * rowBytes);
    const piece = wholeElements(options?.pieceBytes ?? memoryPiece, elementSize[precision]);
    for (let offset = 0; offset < part.length; offset += piece) {
      options?.signal?.throwIfAborted();
      await sink(part.subarray(offset, offset + piece), offset);
    }
  });
}

function fileMatrix(name: string, file: TensorFile, expected: MatrixExpectation): MatrixSource {
  const label = `${name} (${tensorLocation(file)})`;
  const [rows, dim] = checkShape(label, file.shape);
  if (rows === 0 && file.firstRow === undefined) throw emptyMatrix(label, file.shape);
  const precision = precisionOfFile(label, file, expected.precision);
  return makeSource({ name: label, rows, dim, precision, firstRow: file.firstRow ?? 0 }, (firstRow, rowCount, sink, options) => readRows(file, firstRow, rowCount, sink, options));
}

type MatrixFacts = Omit<MatrixSource, 'stream' | 'load'>;

function factsOf({ name, rows, dim, precision, firstRow }: MatrixSource): MatrixFacts {
  return { name, rows, dim, precision, firstRow };
}

function makeSource(facts: MatrixFacts, stream: MatrixSource['stream']): MatrixSource {
  const checked: MatrixSource['stream'] = async (firstRow, rowCount, sink, options) => {
    const fits = Number.isInteger(firstRow) && Number.isInteger(rowCount) && firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= facts.rows;
    if (!fits) throw rowsOutOfRange(facts.name, firstRow, rowCount, facts.rows);
    await stream(firstRow, rowCount, sink, options);
  };
  return {
    ...facts,
    stream: checked,
    load: async (buffer, options = {}) => {
      const { firstRow = 0, rowCount = facts.rows - firstRow, offset = 0, ...read } = options;
      await checked(firstRow, rowCount, (piece, at) => buffer.write(piece, offset + at), read);
    },
  };
}

function checkShape(name: string, shape: readonly number[]): readonly [number, number] {
  const [rows, dim, ...more] = shape;
  if (rows === undefined || dim === undefined || more.length > 0) throw notAMatrix(name, shape);
  if (![rows, dim].every((extent) => Number.isInteger(extent) && extent >= 0 && extent <= mostRows)) throw notAMatrix(name, shape);
  if (dim === 0) throw emptyMatrix(name, shape);
  return [rows, dim];
}

function bareShape(name: string, elements: number, dim: number | undefined): readonly number[] {
  if (dim === undefined || dim <= 0 || elements % dim !== 0) throw unknownShape(name, elements, dim);
  return [elements / dim, dim];
}

function precisionOfArray(name: string, data: Float32Array | Uint16Array, expected: Precision): Precision {
  if (data instanceof Float32Array) return 'f32';
  if (expected === 'f32') {
    const hint = "compile with precision: 'bf16' or 'f16', or say which they are: { data, shape, precision: 'bf16' }";
    throw precisionMismatch(name, '16-bit numbers of unknown kind', 'f32', hint);
  }
  return expected;
}

function precisionOfFile(name: string, file: TensorFile, expected: Precision): Precision {
  switch (file.element) {
    case 'f32':
    case 'f16':
    case 'bf16':
      return file.element;
    case 'u16':
      // f16 has a type of its own in every format, so sixteen bits without one are bf16, where that is what is asked for.
      if (expected === 'bf16') return 'bf16';
      throw precisionMismatch(name, '16-bit integers', expected, "as bf16 bits they are read where the precision is 'bf16'; else write f2 or f4");
    case 'f64':
    case 'i32':
    case 'i64':
      throw unsupportedElement(name, `${file.element} numbers as embeddings`, 'write f32: numpy.save(path, array.astype(numpy.float32))');
  }
}

/** A function that converts a piece into memory of its own, reused by the next. */
function conversion(source: MatrixSource, precision: Precision): (piece: Uint8Array) => Uint8Array {
  const { name, precision: from } = source;
  if (from === 'f32' && precision !== 'f32') {
    const round = precision === 'bf16' ? f32ToBf16 : f32ToF16;
    return (piece) => bytesOf(round(floats(piece)));
  }
  if (precision === 'f32' && from !== 'f32') {
    const widen = from === 'bf16' ? bf16ToF32 : f16ToF32;
    return (piece) => bytesOf(widen(halves(piece)));
  }
  throw precisionMismatch(name, from, precision, `neither holds the other: compile with precision: '${from}', or give f32`);
}

function floats(piece: Uint8Array): Float32Array {
  return new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4);
}

function halves(piece: Uint8Array): Uint16Array {
  return new Uint16Array(piece.buffer, piece.byteOffset, piece.byteLength / 2);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function wholeElements(bytes: number, size: number): number {
  return Math.max(size, Math.floor(bytes / size) * size);
}

const takenValues = 'Float32Array, Uint16Array (the bits of bf16 or f16), { data, shape } or a file from openTensor(path) are taken';

// What callers pass is only as good as their types: the guards take it as unknown.

function isTaken(value: unknown): value is Float32Array | Uint16Array {
  return value instanceof Float32Array || value instanceof Uint16Array;
}

function isShaped(value: unknown): value is ShapedArray {
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && Array.isArray(value.shape);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a plain array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `of type ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`;
}
