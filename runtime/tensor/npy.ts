import { elementCount, elementSize, type ElementType } from './element.js';
import { badFormat, unsupportedElement, unsupportedLayout } from './errors.js';
import { isDictionary, parsePythonLiteral, type PythonLiteral } from './python-literal.js';

export const npyMagic = Buffer.from('\x93NUMPY', 'latin1');

/** Magic, two version bytes, and a header length of two or four bytes. */
export const npyPrefixBytes = 12;

export interface NpyHeader {
  readonly element: ElementType;
  readonly shape: readonly number[];
}

/** Where the header's text lies, from the first bytes of the file (at least {@link npyPrefixBytes}, unless the file is shorter). */
export function npyHeaderRange(path: string, prefix: Buffer): { readonly start: number; readonly end: number } {
  if (prefix.length < 10 || !prefix.subarray(0, 6).equals(npyMagic)) {
    throw badFormat(path, '.npy', 'it does not start with the bytes \\x93NUMPY', 'write it with numpy.save(path, array)');
  }
  const major = prefix.readUInt8(6);
  if (major === 1) return { start: 10, end: 10 + prefix.readUInt16LE(8) };
  if (major !== 2 && major !== 3) throw badFormat(path, '.npy', `its format version is ${major}; 1, 2 and 3 are read`);
  if (prefix.length < 12) throw badFormat(path, '.npy', 'it ends inside its header');
  return { start: 12, end: 12 + prefix.readUInt32LE(8) };
}

/** Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
export function parseNpyHeader(path: string, text: string): NpyHeader {
  const fields = parsePythonLiteral(text);
  if (!isDictionary(fields)) throw badFormat(path, '.npy', 'its header is not a Python dictionary');
  const shape = shapeOf(fields.get('shape'));
  if (shape === undefined) throw badFormat(path, '.npy', "its header has no valid 'shape'");
  const fortran = fields.get('fortran_order');
  if (typeof fortran !== 'boolean') throw badFormat(path, '.npy', "its header has no valid 'fortran_order'");
  const element = elementOf(path, fields.get('descr'));
  if (fortran) {
    throw unsupportedLayout(path, 'holds columns first (Fortran order)', 'write it with numpy.save(path, numpy.ascontiguousarray(array))');
  }
  return { element, shape };
}

/** The bytes before the data: they fill a multiple of 64, as NumPy has it. */
export function npyHeader(element: ElementType, shape: readonly number[]): Buffer {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${descrOf[element]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const size = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(size, ' ');
  npyMagic.copy(header);
  header.writeUInt8(1, 6);
  header.writeUInt8(0, 7);
  header.writeUInt16LE(size - 10, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', size - 1, 'latin1');
  return header;
}

const descrOf: Readonly<Record<ElementType, string>> = { f32: '<f4', f64: '<f8', f16: '<f2', bf16: '<V2', u16: '<u2', i32: '<i4', i64: '<i8' };

/** NumPy has no bf16: ml_dtypes writes it as two opaque bytes, others by name. */
const elementOfDescr: ReadonlyMap<string, ElementType> = new Map([
  ['<f4', 'f32'],
  ['<f8', 'f64'],
  ['<f2', 'f16'],
  ['<u2', 'u16'],
  ['<i4', 'i32'],
  ['<i8', 'i64'],
  ['<V2', 'bf16'],
  ['|V2', 'bf16'],
  ['V2', 'bf16'],
  ['<bfloat16', 'bf16'],
  ['bfloat16', 'bf16'],
]);

function elementOf(path: string, descr: PythonLiteral | undefined): ElementType {
  if (typeof descr !== 'string') {
    if (Array.isArray(descr)) throw unsupportedElement(path, 'records with named fields', 'save one field: numpy.save(path, array[field])');
    throw badFormat(path, '.npy', "its header has no valid 'descr'");
  }
  const element = elementOfDescr.get(descr);
  if (element !== undefined) return element;
  if (descr.startsWith('>')) throw unsupportedLayout(path, `is big-endian (${descr})`, "write it with array.astype(array.dtype.newbyteorder('<'))");
  const hint = 'f4, f2 and bf16 are read as embeddings, i4 and i8 as indices: numpy.save(path, array.astype(numpy.float32))';
  throw unsupportedElement(path, descr, hint);
}

function shapeOf(value: PythonLiteral | undefined): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const shape: number[] = [];
  for (const extent of value) {
    if (typeof extent !== 'number' || !Number.isSafeInteger(extent) || extent < 0) return undefined;
    shape.push(extent);
  }
  return elementCount(shape) === undefined ? undefined : shape;
}

/** Bytes of the data that a header announces. */
export function dataBytes(element: ElementType, shape: readonly number[]): number {
  return (elementCount(shape) ?? Number.NaN) * elementSize[element];
}
