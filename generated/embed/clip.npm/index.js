// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

import { native, told } from './native.js';
import { deviceOf, takeInputs, wantsGradients } from './inputs.js';

export const loss = 'clip';
export const dim = 512;
export const precision = 'bf16';
export const targets = Object.freeze(['x86-64-v4', 'sm_90a']);

/** A kernel on the CPU, or on a GPU with `device: 'cuda'`. */
export async function open(options = {}) {
  return new Kernel(await told(native.open(...deviceOf(options))));
}

class Kernel {
  #handle;

  constructor(handle) {
    this.#handle = handle;
    this.target = native.target(handle);
  }

  /** Loss and gradients; with `gradients: false` the loss alone. */
  async run(inputs, options = {}) {
    const { arrays, params, places } = takeInputs(inputs);
    const gradients = wantsGradients(options);
    if (this.#handle === undefined) throw new Error('the kernel is closed: open another');
    const outputs = gradients ? places() : undefined;
    const [loss, ...derivatives] = await told(native.run(this.#handle, arrays, params, outputs?.memory));
    if (outputs === undefined) return { loss };
    return { loss, gradients: { ...outputs.gradients, params: { logScale: derivatives[0] } } };
  }

  /** Releases the device, after the runs that were asked for. */
  close() {
    if (this.#handle !== undefined) native.close(this.#handle);
    this.#handle = undefined;
  }
}
