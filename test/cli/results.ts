import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { openTensor } from '../../runtime/index.js';
import { readRows } from '../../runtime/tensor/file.js';

type Numbers = readonly (readonly [string, number])[];

/** Of a report what does not depend on how many ranks there were: its numbers, by name. */
export function numbersOf(report: object): Numbers {
  const others = ['seconds', 'pairsPerSecond', 'gflops', 'workspaceBytes', 'ring'];
  return Object.entries(report).flatMap(([name, value]: readonly [string, unknown]): Numbers => {
    if (others.includes(name)) return [];
    if (typeof value === 'number') return [[name, value]];
    return typeof value === 'object' && value !== null ? numbersOf(value).map(([inner, number]) => [`${name}.${inner}`, number]) : [];
  });
}

async function numbersIn(file: string): Promise<Numbers> {
  const tensor = await openTensor(file);
  const bytes = new Uint8Array(tensor.bytes);
  await readRows(tensor, 0, tensor.shape[0] ?? 0, (piece, offset) => bytes.set(piece, offset));
  const values = tensor.element === 'f64' ? new Float64Array(bytes.buffer) : tensor.element === 'i32' ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return Array.from(values, (value, i) => [`${path.basename(file)} ${tensor.shape.join(' x ')} at ${i}`, value]);
}

export function near(t: ExecutionContext, actual: Numbers, expected: Numbers): void {
  t.deepEqual(actual.map(([name]) => name), expected.map(([name]) => name));
  for (const [i, [name, value]] of expected.entries()) {
    const got = actual[i]?.[1] ?? NaN;
    t.true(Object.is(got, value) || Math.abs(got - value) <= 2e-5 * Math.max(1, Math.abs(value)), `${name} is ${got}, of one rank ${value}`);
  }
}

/** Both folders hold the same files, a gradient's at least among them. */
export async function nearInFiles(t: ExecutionContext, actual: string, expected: string): Promise<void> {
  const names = await readdir(expected);
  t.deepEqual(await readdir(actual), names);
  t.true(names.length > 1);
  for (const name of names.filter((file) => file.endsWith('.npy'))) near(t, await numbersIn(path.join(actual, name)), await numbersIn(path.join(expected, name)));
}
