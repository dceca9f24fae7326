import type { RunInputs } from '../inputs.js';
import type { Kernel, RunOptions } from '../kernel.js';
import { usesTensor } from '../matrix-shape.js';

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

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.target = kernel.target.name;
  }

  /**
   * Loss and gradients; with `gradients: false` the loss alone.
   *
   * @throws {InfinitileError} naming every mistake in the inputs.
   */
  async run(inputs: RunInputs, { gradients = true, signal, onProgress }: Pick<RunOptions, 'gradients' | 'signal' | 'onProgress'> = {}): Promise<PackagedResult> {
    const own = { gradients, ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
    const { loss, gradients: found } = await this.#kernel.run(inputs, own);
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

  /** Releases the device. */
  close(): void {
    this.#kernel.close();
  }
}
