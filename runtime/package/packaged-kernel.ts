import type { RunInputs } from '../inputs.js';
import type { Kernel, RunOptions } from '../kernel.js';
import { usesTensor } from '../matrix-shape.js';
import { checkRunInputs, checkRunOptions } from './check-arguments.js';
import { closedKernel } from './errors.js';

/** What a package's run takes beside its inputs. */
export type PackagedRunOptions = Pick<RunOptions, 'gradients' | 'signal' | 'onProgress'>;

/** Of the tensors that the loss is of, and of its learned scalars. */
export interface PackagedGradients {
  readonly q?: Float32Array;
  readonly k?: Float32Array;
  readonly params?: Readonly<Record<string, number>>;
}

export interface PackagedResult {
  readonly loss: number;
  readonly gradients?: PackagedGradients;
}

/** A kernel as a package shows it; the package's own types are narrower, those of its loss. */
export class PackagedKernel {
  /** The target in use. */
  readonly target: string;
  readonly #kernel: Kernel;
  /** Runs that have been asked for and are not over. */
  #running = 0;
  #closed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.target = kernel.target.name;
  }

  /**
   * Loss and gradients; with `gradients: false` the loss alone.
   *
   * @throws {InfinitileError} naming every mistake in the inputs.
   */
  async run(inputs: RunInputs, options: PackagedRunOptions = {}): Promise<PackagedResult> {
    checkRunInputs(inputs);
    checkRunOptions(options);
    if (this.#closed) throw closedKernel();
    this.#running += 1;
    try {
      return await this.#compute(inputs, options);
    } finally {
      this.#running -= 1;
      this.#releaseIfDone();
    }
  }

  /** Releases the device, after the runs that were asked for. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#releaseIfDone();
  }

  async #compute(inputs: RunInputs, options: PackagedRunOptions): Promise<PackagedResult> {
    const { loss, gradients: found } = await this.#kernel.run(inputs, options);
    if (found === undefined) return { loss };
    const { loss: declared } = this.#kernel;
    return {
      loss,
      gradients: {
        ...(usesTensor(declared, 'queries') ? { q: found.q } : {}),
        ...(usesTensor(declared, 'keys') ? { k: found.k } : {}),
        ...(declared.params.length > 0 ? { params: found.params } : {}),
      },
    };
  }

  #releaseIfDone(): void {
    if (this.#closed && this.#running === 0) this.#kernel.close();
  }
}
