import type { NativeCommand, NativeList } from './addon.js';
import type { Device } from './device/device.js';
import type { Control, Values } from './execute.js';
import { RunValues } from './run-values.js';
import type { Scalars } from './scalars.js';

export interface ListOfWalks {
  readonly commands: readonly NativeCommand[];
  /** Pairs of each walk. */
  readonly pairs: readonly number[];
}

/** Walks as one list that the device has read already: a run brings its scalars and fills the outputs. */
export class PreparedList {
  readonly #list: NativeList;
  readonly #pairs: readonly number[];
  readonly #values: RunValues;
  readonly #outputs: ArrayBufferView;

  /** `make` gives the commands, with the places of the values that runs bring. */
  constructor(device: Device, uniformCount: number, outputs: ArrayBufferView, make: (values: Values) => ListOfWalks) {
    this.#values = new RunValues(uniformCount);
    const { commands, pairs } = make(this.#values.values);
    this.#list = device.prepare(commands);
    this.#pairs = pairs;
    this.#outputs = outputs;
  }

  /**
   * @returns milliseconds on the device.
   * @throws the signal's reason when aborted before it starts.
   */
  async run(scalars: Scalars, uniforms: Float32Array, { signal, onPairs }: Control): Promise<number> {
    signal?.throwIfAborted();
    this.#values.set(scalars, uniforms);
    const milliseconds = await this.#list.run(this.#values.inputs, this.#outputs);
    for (const pairs of this.#pairs) if (pairs > 0) onPairs?.(pairs);
    return milliseconds;
  }

  release(): void {
    this.#list.release();
  }
}
