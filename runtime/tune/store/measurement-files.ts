import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheUnusable } from '../../artifact/errors.js';
import { isSystemError } from '../../tensor/errors.js';
import { measurementSchema, type Measurement } from '../measurement.js';
import { tunedFormat } from './key.js';

/** The first line of a file of measurements: those of another matrix are no measurements of this one. */
const headerSchema = z.strictObject({ kind: z.literal('measurements'), format: z.literal(tunedFormat), key: z.string(), n: z.number(), m: z.number() });

export interface MeasurementHeader {
  /** Of the folder that they are in. */
  readonly key: string;
  readonly n: number;
  readonly m: number;
}

const extension = '.jsonl';

/** Measurements of one process, a line each, in a file that no other process writes. */
export class MeasurementFile {
  readonly #handle: FileHandle;
  readonly #directory: string;

  private constructor(handle: FileHandle, directory: string) {
    this.#handle = handle;
    this.#directory = directory;
  }

  /** @throws {InfinitileError} INF6101 when the directory cannot be written; so does what appends. */
  static async create(directory: string, header: MeasurementHeader): Promise<MeasurementFile> {
    // Names sort by time, so that they are read in the order in which they were begun.
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const path = join(directory, `${stamp}-${process.pid}-${randomBytes(4).toString('hex')}${extension}`);
    const file = await told(directory, async () => {
      await mkdir(directory, { recursive: true });
      return new MeasurementFile(await open(path, 'ax'), directory);
    });
    await file.#write({ kind: 'measurements', format: tunedFormat, ...header });
    return file;
  }

  async append(measurement: Measurement): Promise<void> {
    await this.#write(measurement);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(line: object): Promise<void> {
    await told(this.#directory, () => this.#handle.appendFile(`${JSON.stringify(line)}\n`));
  }
}

/** A failure of the file system is one of the cache directory. */
async function told<T>(directory: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw isSystemError(error) ? cacheUnusable(directory, error) : error;
  }
}

/** All measurements of a folder that fit the header. `onDamage` is told of files in which something else stands. */
export async function readMeasurements(directory: string, header: MeasurementHeader, onDamage: (path: string, problem: string) => void): Promise<readonly Measurement[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(extension)).sort();
  const files = await Promise.all(names.map(async (name) => [join(directory, name), await readFile(join(directory, name), 'utf8').catch(() => '')] as const));
  return files.flatMap(([path, text]) => parseFile(text, header, (problem) => onDamage(path, problem)));
}

function parseFile(text: string, expected: MeasurementHeader, onDamage: (problem: string) => void): readonly Measurement[] {
  // What follows the last line's end was being written when its process ended.
  const [first, ...lines] = text.split('\n').slice(0, -1);
  if (first === undefined) return [];
  const header = parseLine(headerSchema, first);
  if (header === undefined || header.key !== expected.key) {
    onDamage(header === undefined ? 'its first line does not say what was measured' : 'it is of another search');
    return [];
  }
  if (header.n !== expected.n || header.m !== expected.m) return [];
  const measurements = lines.map((line) => parseLine(measurementSchema, line));
  const wrong = measurements.indexOf(undefined);
  if (wrong >= 0) onDamage(`line ${wrong + 2} is no measurement`);
  return measurements.flatMap((measurement) => measurement ?? []);
}

function parseLine<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
