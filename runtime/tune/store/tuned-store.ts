import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../tensor/atomic-file.js';
import { tunedUnusable, warnProcess, type OnWarning } from '../errors.js';
import type { Measurement } from '../measurement.js';
import { nearestClass, sizeClass, tunedKey, type TunedFacts } from './key.js';
import { MeasurementFile, readMeasurements, type MeasurementHeader } from './measurement-files.js';
import { parseTuned, printTuned, type TunedRecord } from './record.js';

export const tunedFolder = 'tuned';
export const winnerName = 'winner.json';

interface Size {
  readonly n: number;
  readonly m: number;
}

/**
 * What was tuned of one problem: `tuned/<key>/<size class>/` in the cache, with the winner and what was measured. Nothing is
 * locked: each process writes measurements to a file of its own, and the winner is renamed into place.
 */
export class TunedStore {
  readonly #cache: string;
  readonly #facts: TunedFacts;
  readonly #key: string;
  readonly #onWarning: OnWarning;

  constructor(cacheDirectory: string, facts: TunedFacts, onWarning: OnWarning = warnProcess) {
    this.#cache = cacheDirectory;
    this.#facts = facts;
    this.#key = tunedKey(facts);
    this.#onWarning = onWarning;
  }

  directory(size: Size): string {
    return join(this.#root, sizeClass(size));
  }

  /** The winner of a size class; undefined where there is none. A damaged one is told of, and counts as none. */
  async winner(size: Size): Promise<TunedRecord | undefined> {
    return this.#read(sizeClass(size));
  }

  /** That of the size class nearest to N queries. */
  async nearest(n?: number): Promise<TunedRecord | undefined> {
    const known = await readdir(this.#root).catch(() => []);
    const left = new Set(known);
    for (let name = nearestClass([...left], n); name !== undefined; name = nearestClass([...left], n)) {
      const found = await this.#read(name);
      if (found !== undefined) return found;
      left.delete(name);
    }
    return undefined;
  }

  /** @throws an error of the system when the cache cannot be written. */
  async keepWinner(record: TunedRecord): Promise<void> {
    const directory = this.directory(record.subject);
    await mkdir(directory, { recursive: true });
    await writeFileAtomically(join(directory, winnerName), (handle) => handle.writeFile(printTuned(record)));
  }

  /** Of all processes that have measured candidates for a matrix of this size. */
  async measurements(size: Size): Promise<readonly Measurement[]> {
    return readMeasurements(this.directory(size), this.#header(size), (path, problem) => this.#onWarning(tunedUnusable(path, problem)));
  }

  /** A file for the measurements of this process. @throws {InfinitileError} INF6101 when the cache cannot be written. */
  async begin(size: Size): Promise<MeasurementFile> {
    return MeasurementFile.create(this.directory(size), this.#header(size));
  }

  get #root(): string {
    return join(this.#cache, tunedFolder, this.#key);
  }

  #header({ n, m }: Size): MeasurementHeader {
    return { key: this.#key, n, m };
  }

  async #read(name: string): Promise<TunedRecord | undefined> {
    const path = join(this.#root, name, winnerName);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const parsed = parseTuned(text);
    const problem = 'problem' in parsed ? parsed.problem : this.#mismatch(parsed.record, name);
    if ('record' in parsed && problem === undefined) return parsed.record;
    this.#onWarning(tunedUnusable(path, problem ?? ''));
    return undefined;
  }

  /** What a record says of itself is what it is looked up by. */
  #mismatch({ subject }: TunedRecord, name: string): string | undefined {
    const { n, m, ...facts } = subject;
    if (tunedKey(facts) !== this.#key) {
      const wrong = Object.entries(this.#facts).find(([field, value]) => Object.entries(facts).every(([other, known]) => other !== field || known !== value));
      return `its ${wrong?.[0] ?? 'subject'} is another`;
    }
    return sizeClass({ n, m }) === name ? undefined : `it is of a matrix of ${n} x ${m}`;
  }
}
