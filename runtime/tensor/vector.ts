import type { AttributeType } from '../../dsl/loss.js';
import { isTensorFile, readRows, type TensorFile } from './file.js';
import { isResizable, resizableArray, useFixed } from './resizable.js';

/** One number a row: as users pass it. */
export type VectorValue = Int32Array | Float32Array | readonly number[] | TensorFile;

export interface Mistake {
  readonly problem: string;
  readonly hint: string;
}

export type ReadVector = { readonly values: Int32Array | Float32Array; readonly mistake?: undefined } | { readonly values?: undefined; readonly mistake: Mistake };

/** A vector as an array of its type: whole numbers within int32, or finite fp32 numbers. Nothing is rounded in silence. */
export async function readVector(value: VectorValue, type: AttributeType, length: number): Promise<ReadVector> {
  const [given, firstRow] = isTensorFile(value) ? [await readFile(value), value.firstRow ?? 0] : [value, 0];
  if (!isVector(given)) return wrong(`is a tensor of ${isTensorFile(value) ? `${value.shape.join(' x ')} ${value.element}` : 'another type'}`, takenValues[type]);
  if (isResizable(given)) return wrong(`is ${resizableArray}`, useFixed);
  if (given.length !== length) return wrong(`has ${given.length} values`, `one each is needed: ${length}`);
  if (type === 'i32' && given instanceof Float32Array) return wrong('is a Float32Array', takenValues.i32);
  if (given instanceof Int32Array) return { values: type === 'i32' ? given : Float32Array.from(given) };
  const fits = type === 'i32' ? (x: number) => (x | 0) === x : (x: number) => Number.isFinite(Math.fround(x));
  const bad = given.findIndex((x) => !fits(x));
  if (bad >= 0) return wrong(`is ${String(given[bad])} at ${firstRow + bad}`, type === 'i32' ? 'whole numbers within 32 bits are needed' : 'finite numbers are needed');
  if (given instanceof Float32Array) return { values: given };
  return { values: type === 'i32' ? Int32Array.from(given) : Float32Array.from(given) };
}

const takenValues: Readonly<Record<AttributeType, string>> = {
  i32: 'an Int32Array, an array of whole numbers or a file of i4 from openTensor(path) is taken',
  f32: 'a Float32Array, an array of numbers or a file of f4 from openTensor(path) is taken',
};

async function readFile(file: TensorFile): Promise<Int32Array | Float32Array | undefined> {
  const [length, ...more] = file.shape;
  if (length === undefined || more.length > 0) return undefined;
  if (file.element === 'i32') return fill(file, new Int32Array(length));
  if (file.element === 'f32') return fill(file, new Float32Array(length));
  if (file.element !== 'i64') return undefined;
  const wide = await fill(file, new BigInt64Array(length));
  return Int32Array.from(wide, Number).every((value, i) => BigInt(value) === wide[i]) ? Int32Array.from(wide, Number) : undefined;
}

async function fill<T extends Int32Array | Float32Array | BigInt64Array>(file: TensorFile, values: T): Promise<T> {
  const bytes = new Uint8Array(values.buffer);
  await readRows(file, 0, values.length, (piece, offset) => bytes.set(piece, offset));
  return values;
}

function isVector(value: unknown): value is Int32Array | Float32Array | readonly number[] {
  return value instanceof Int32Array || value instanceof Float32Array || (Array.isArray(value) && value.every((x) => typeof x === 'number'));
}

function wrong(problem: string, hint: string): ReadVector {
  return { mistake: { problem, hint } };
}
