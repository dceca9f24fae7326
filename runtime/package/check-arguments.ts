import { inspect } from 'node:util';
import type { RunInputs } from '../inputs.js';
import { wrongInput, wrongOption } from './errors.js';
import type { PackageOptions } from './open-package.js';
import type { PackagedRunOptions } from './packaged-kernel.js';

/* Users of a package may have no types: what they pass is taken as unknown. What the loss makes of its inputs is looked at later. */

const openFields = ['device', 'gpu', 'threads'] as const satisfies readonly (keyof PackageOptions)[];
const runFields = ['gradients', 'signal', 'onProgress'] as const satisfies readonly (keyof PackagedRunOptions)[];
const inputFields = ['q', 'k', 'guide', 'params', 'rows', 'cols', 'positives', 'convert'] as const satisfies readonly (keyof RunInputs)[];
const records = ['guide', 'params', 'rows', 'cols'] as const satisfies readonly (keyof RunInputs)[];

/** @throws {InfinitileError} INF4013 for what is no object of options, or has others. */
export function checkOpenOptions(options: unknown): void {
  checkFields('options', options, openFields, wrongOption);
}

/** @throws {InfinitileError} INF4013 for what is no object of options, has others, or has one of another type. */
export function checkRunOptions(options: unknown): void {
  const { gradients, signal, onProgress } = checkFields('options', options, runFields, wrongOption);
  if (gradients !== undefined && typeof gradients !== 'boolean') throw wrongOption(`gradients is ${shown(gradients)}`, 'give true or false');
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongOption(`signal is ${shown(signal)}`, 'give the signal of an AbortController');
  if (onProgress !== undefined && typeof onProgress !== 'function') throw wrongOption(`onProgress is ${shown(onProgress)}`, 'give a function');
}

/** @throws {InfinitileError} INF4004 for what is no object of inputs, has others, or has no object where the fields of one are read. */
export function checkRunInputs(inputs: unknown): void {
  const given = checkFields('inputs', inputs, inputFields, wrongInput);
  const wrong = records.find((name) => given[name] !== undefined && !isRecord(given[name]));
  if (wrong !== undefined) throw wrongInput(`${wrong} is ${shown(given[wrong])}`, 'an object is needed');
}

function checkFields(name: string, value: unknown, known: readonly string[], wrong: typeof wrongOption): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw wrong(`${name} is ${shown(value)}`, `an object with ${known.join(', ')} is needed`);
  const unknown = Object.keys(value).find((field) => !known.includes(field));
  if (unknown !== undefined) throw wrong(`${name} has ${unknown}, which is not taken`, `it takes ${known.join(', ')}`);
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 0 });
}
