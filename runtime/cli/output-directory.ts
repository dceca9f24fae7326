import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { syncDirectory } from '../tensor/atomic-file.js';

/** A directory that is there with all its files, or not at all: made beside its place under a hidden name, then renamed. */
export class OutputDirectory {
  readonly #place: string;
  readonly #making: string;

  private constructor(place: string, making: string) {
    this.#place = place;
    this.#making = making;
  }

  /**
   * Refuses before anything is computed what could not be written afterwards.
   *
   * @throws {InfinitileError} when the place is taken, or its parent is missing or may not be written.
   */
  static async begin(place: string): Promise<OutputDirectory> {
    const absolute = path.resolve(place);
    const taken = await readdir(absolute).then((names) => names.length > 0, (error: unknown) => !isCode(error, 'ENOENT'));
    if (taken) throw refused(place, 'it is there already and not an empty directory', 'name a directory that does not exist yet, or remove this one');
    const making = path.join(path.dirname(absolute), `.${path.basename(absolute)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      await mkdir(making);
    } catch (error) {
      throw refused(place, error instanceof Error ? error.message : String(error), 'choose a folder that exists and may be written');
    }
    return new OutputDirectory(absolute, making);
  }

  /** Where to write a file of the directory. */
  file(name: string): string {
    return path.join(this.#making, name);
  }

  /** Shows the directory with all that was written. */
  async commit(): Promise<void> {
    await syncDirectory(this.#making);
    try {
      await rename(this.#making, this.#place);
    } catch (error) {
      throw refused(this.#place, error instanceof Error ? error.message : String(error), 'something has been put there meanwhile');
    }
    await syncDirectory(path.dirname(this.#place));
  }

  /** Leaves nothing; after a commit it does nothing. */
  async discard(): Promise<void> {
    await rm(this.#making, { recursive: true, force: true });
  }
}

function refused(place: string, why: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF6007', message: `'${place}' cannot be written: ${why}`, hint });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
