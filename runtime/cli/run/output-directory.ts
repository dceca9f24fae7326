import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeNpy, writeNpyRows, type NpyForm, type NpyRows } from '../../tensor/tensor.js';
import type { Communicator } from '../../transport/communicator.js';
import { dropHidden, makeHidden, showHidden, writingTo } from '../hidden-directory.js';
import { unwritable } from '../unwritable.js';

/**
 * A directory that is there with all its files, or not at all: made beside its place under a hidden name, then renamed. All ranks of a
 * ring write to it: rank 0 makes the directory and its files, and shows it when every rank is done. When they are interrupted it goes at
 * once, whichever rank hears of it first: a launcher leaves them no time to end their work, and rank 0 may be the one that is lost.
 */
export class OutputDirectory {
  readonly #place: string;
  readonly #making: string;
  readonly #ring: Communicator;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => void this.discard();
  #committing = false;

  private constructor(place: string, making: string, ring: Communicator, signal: AbortSignal) {
    this.#place = place;
    this.#making = making;
    this.#ring = ring;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  /**
   * Refuses before anything is computed what could not be written afterwards.
   *
   * @throws {InfinitileError} when the place is taken, its parent is missing or may not be written, or a rank does not see it.
   */
  static async begin(place: string, ring: Communicator, signal: AbortSignal): Promise<OutputDirectory> {
    const absolute = path.resolve(place);
    const made = ring.rank === 0 ? await makeHidden(place) : '';
    const [told] = await ring.gather(Buffer.from(made), 'the output directory');
    const output = new OutputDirectory(absolute, Buffer.from(told ?? []).toString(), ring, signal);
    const sees = await stat(output.#making).then(() => 1, () => 0);
    const answers = await ring.gather(Uint8Array.of(sees), 'whether every rank sees the output directory');
    const blind = answers.findIndex(([seen]) => seen !== 1);
    if (blind < 0) return output;
    await output.discard();
    throw unwritable(place, `rank ${blind} does not see the directory that rank 0 has made for it`, 'name one on a file system that all ranks share');
  }

  /** Writes this rank's rows of `<name>.npy`, a file of the rows of all ranks. Every rank calls it, in the same order. */
  async writeRows(name: string, form: NpyForm, own: readonly NpyRows[]): Promise<void> {
    const file = this.#file(`${name}.npy`);
    if (this.#ring.rank === 0) await makeNpy(file, form);
    await this.#ring.gather(nothing, `${name}.npy`);
    for (const rows of own) await writeNpyRows(file, form, rows, { signal: this.#signal });
  }

  /** Shows the directory with `result.json` and all that was written, when every rank has come so far. */
  async commit(result: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#committing = true;
    await this.#ring.gather(nothing, 'the results of every rank');
    if (this.#ring.rank === 0) await this.#show(result);
    await this.#ring.gather(nothing, 'the output directory in its place');
  }

  /** Leaves nothing; after a commit it does nothing. Another rank than 0 does it where ranks are interrupted or lost, unless rank 0 may show it. */
  async discard(): Promise<void> {
    const { rank, lost } = this.#ring;
    if (rank !== 0 && (this.#committing || !(lost.aborted || this.#signal.aborted))) return;
    await dropHidden(this.#making);
  }

  async #show(result: unknown): Promise<void> {
    await writingTo(this.#place, () => writeFile(this.#file('result.json'), `${JSON.stringify(result, undefined, 2)}\n`, { flush: true }));
    await showHidden(this.#making, this.#place);
  }

  #file(name: string): string {
    return path.join(this.#making, name);
  }
}

const nothing = new Uint8Array(0);
