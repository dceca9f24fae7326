import { InfinitileError } from '../../dsl/diagnostics/error.js';
import { printShape } from './element.js';
import { resizableArray, useFixed } from './resizable.js';

/** What can be wrong with a tensor or its file, in one place: every message names the tensor or the file first. */

const otherFormats = /\.(npz|pt|pth|bin|csv|parquet)$/i;

export function unreadable(path: string, error: unknown): InfinitileError {
  const missing = isSystemError(error) && error.code === 'ENOENT';
  const others = otherFormats.test(path) ? '; .npy and .safetensors files are read' : '';
  return missing
    ? new InfinitileError({ code: 'INF6001', message: `there is no file '${path}'`, hint: `check the path${others}` })
    : new InfinitileError({
      code: 'INF6001',
      message: `'${path}' cannot be read: ${messageOf(error)}`,
      hint: 'a regular file with leave to read it is needed',
    });
}

export function truncated(path: string, expected: number, actual: number): InfinitileError {
  return new InfinitileError({
    code: 'INF6002',
    message: `'${path}' is truncated: ${expected} bytes expected, ${actual} found`,
    hint: 'copy or write the file again',
  });
}

const damaged = 'the file is damaged, or of another format than its name says';

export function badFormat(path: string, format: '.npy' | '.safetensors', reason: string, hint = damaged): InfinitileError {
  return new InfinitileError({ code: 'INF6003', message: `'${path}' is not a ${format} file: ${reason}`, hint });
}

export function unknownFormat(path: string): InfinitileError {
  return new InfinitileError({
    code: 'INF6003',
    message: `'${path}' is neither .npy nor .safetensors`,
    hint: 'numpy.save(path, array) or safetensors.numpy.save_file({name: array}, path) writes a file that is read',
  });
}

export function unsupportedElement(path: string, element: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF6004', message: `'${path}' holds ${element}, which is not read`, hint });
}

export function unsupportedLayout(path: string, what: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF6005', message: `'${path}' ${what}, which is not read`, hint });
}

export function unknownTensor(path: string, wanted: string | undefined, names: readonly string[]): InfinitileError {
  const first = names.slice(0, 12).map((name) => `'${name}'`);
  const listed = names.length > first.length ? [...first, `... (${names.length} in all)`] : first;
  const problem = wanted === undefined ? 'does not hold exactly one tensor' : `has no tensor '${wanted}'`;
  const message = `'${path}' ${problem}: it holds ${listed.length === 0 ? 'none' : listed.join(', ')}`;
  return new InfinitileError({ code: 'INF6006', message, hint: `name one: ${path}#${names[0] ?? 'name'}` });
}

export function unwritable(path: string, error: unknown): InfinitileError {
  return new InfinitileError({
    code: 'INF6007',
    message: `'${path}' cannot be written: ${messageOf(error)}`,
    hint: 'choose a folder that exists, has room and may be written',
  });
}

export function notAMatrix(name: string, shape: readonly number[]): InfinitileError {
  return new InfinitileError({
    code: 'INF4001',
    message: `${name} must be a matrix [rows, dim]; its shape is ${printShape(shape)}`,
    hint: 'give the shape as two numbers: { data, shape: [rows, dim] }',
  });
}

export function shapeMismatch(name: string, shape: readonly number[], elements: number): InfinitileError {
  return new InfinitileError({
    code: 'INF4001',
    message: `${name} has ${elements} elements, which do not fill the shape ${printShape(shape)}`,
    hint: 'rows times dim must be the number of elements',
  });
}

export function unknownShape(name: string, elements: number, dim: number | undefined): InfinitileError {
  return new InfinitileError({
    code: 'INF4001',
    message: `${name} has ${elements} elements${dim === undefined ? ' and no shape' : `, which is not a whole number of rows of ${dim}`}`,
    hint: 'give the shape: { data, shape: [rows, dim] }',
  });
}

export function dimMismatch(left: string, leftDim: number, right: string, rightDim: number): InfinitileError {
  return new InfinitileError({
    code: 'INF4002',
    message: `${left} has rows of ${leftDim} numbers, ${right} of ${rightDim}: their dot products do not exist`,
    hint: 'embeddings that are compared have one length D',
  });
}

export function emptyMatrix(name: string, shape: readonly number[]): InfinitileError {
  return new InfinitileError({
    code: 'INF4003',
    message: `${name} is empty: its shape is ${printShape(shape)}`,
    hint: 'at least one row of at least one number is needed',
  });
}

export function unsupportedValue(name: string, found: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF4004', message: `${name} is ${found}, which is not taken`, hint });
}

export function resizable(name: string): InfinitileError {
  return unsupportedValue(name, resizableArray, useFixed);
}

export function precisionMismatch(name: string, found: string, wanted: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF4005', message: `${name} holds ${found}; ${wanted} is needed`, hint });
}

export function indexCount(name: string, length: number, expected: number): InfinitileError {
  return new InfinitileError({
    code: 'INF4006',
    message: `${name} has ${length} indices for ${expected} queries`,
    hint: 'one index per query: the column of its positive, or -1',
  });
}

export function notAVector(name: string, shape: readonly number[]): InfinitileError {
  return new InfinitileError({
    code: 'INF4001',
    message: `${name} must be a vector of indices; its shape is ${printShape(shape)}`,
    hint: 'one index per query: numpy.save(path, indices.reshape(-1))',
  });
}

export function indexOutOfRange(name: string, row: number, value: number | bigint | string, limit: number): InfinitileError {
  return new InfinitileError({
    code: 'INF4007',
    message: `${name}[${row}] is ${value}: not one of the ${limit} keys`,
    hint: `indices run from 0 to ${limit - 1}; -1 marks a query without a positive`,
  });
}

export function rowsOutOfRange(name: string, first: number, count: number, rows: number): RangeError {
  return new RangeError(`rows ${first} .. ${first + count - 1} of ${name} were asked for; it has ${rows}`);
}

/** An error of the operating system, such as ENOENT or ENOSPC. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
