import { InvalidArgumentError } from 'commander';
import type { Parameters } from '../scalars.js';

/** What flags' values mean. A value that means nothing is refused by commander with the flag's name and our sentence. */

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
};

const sizePattern = /^(\d+(?:\.\d+)?(?:e\+?\d+)?) ?([a-z]*)$/i;

/** Bytes: `4096`, `1e9`, `256MiB`, `1.5GiB`, `2GB`. A part of a byte is dropped. */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = sizePattern.exec(text.trim()) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === '' || factor === undefined) throw new InvalidArgumentError("A size is a number of bytes, such as 268435456, 1e9, 256MiB or 1GiB.");
  const bytes = Math.floor(Number(number) * factor);
  if (bytes < 1 || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError('A size is at least one byte and less than 8 PiB.');
  return bytes;
}

/** A whole number from 1, such as `16384` or `1e6`. */
export function parseCount(text: string): number {
  const value = /^\d+(?:e\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isInteger(value) || value < 1 || value > largestCount) throw new InvalidArgumentError(`A whole number from 1 to ${largestCount} is needed.`);
  return value;
}

const durations: Readonly<Record<string, number>> = { '': 1, ms: 1e-3, s: 1, min: 60, m: 60, h: 3600 };

/** Seconds: `90`, `90s`, `1.5min`, `2h`. */
export function parseDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = durations[unit.toLowerCase()];
  const seconds = number === '' || factor === undefined ? Number.NaN : Number(number) * factor;
  if (!(seconds > 0) || !Number.isFinite(seconds)) throw new InvalidArgumentError('A time is a number of seconds, such as 90, 90s, 5min or 1h.');
  return seconds;
}

/** A whole number, from 0. */
export function parseSeed(text: string): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('A whole number from 0 is needed.');
  return value;
}

/** Rows are counted in 32 bits by the kernels. */
const largestCount = 2 ** 31 - 1;

const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** `logScale=2.6,bias=-10`. Given several times, the values add up; one name twice is a mistake. */
export function parseParameters(text: string, previous: Parameters = {}): Parameters {
  const values = new Map(Object.entries(previous));
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    const number = part.slice(at + 1).trim();
    if (at < 0 || name === '') throw new InvalidArgumentError('Parameters are written name=value,name=value.');
    const value = numberPattern.test(number) ? Number(number) : Number.NaN;
    if (!Number.isFinite(value)) throw new InvalidArgumentError(`'${number}' is not a finite number.`);
    if (values.has(name)) throw new InvalidArgumentError(`'${name}' is given twice.`);
    values.set(name, value);
  }
  return Object.fromEntries(values);
}

/** `label=labels.npy`. Given several times, the files add up; one name twice is a mistake. */
export function parseNamedFile(text: string, previous: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  const [name, file] = [text.slice(0, at).trim(), text.slice(at + 1)];
  if (at < 0 || name === '' || file === '') throw new InvalidArgumentError('An attribute is written name=file.');
  if (Object.hasOwn(previous, name)) throw new InvalidArgumentError(`'${name}' is given twice.`);
  return { ...previous, [name]: file };
}
