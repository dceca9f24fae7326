// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a
/** Name of the loss. */
export declare const loss: 'clip';
/** Numbers in an embedding. */
export declare const dim: 512;
/** How embeddings are stored. */
export declare const precision: 'bf16';
/** What the kernels are compiled for. */
export declare const targets: readonly ['x86-64-v4', 'sm_90a'];

/** The learned scalars, or their gradients. */
export interface Params {
  readonly logScale: number;
}

/** What loss `clip` is of. Arrays are copied when a run is asked for. */
export interface Inputs {
  /** Queries [N, 512], row-major: the bits of each number, or with `convert` as f32. */
  readonly q: Uint16Array | Float32Array;
  /** Keys [M, 512], row-major: the bits of each number, or with `convert` as f32. */
  readonly k: Uint16Array | Float32Array;
  /** Round embeddings that are given as f32, instead of refusing them. */
  readonly convert?: boolean;
  /** A value for each learned scalar. */
  readonly params: Params;
}

/** Of the loss as declared, its means included. */
export interface Gradients {
  /** Of the queries [N, 512]. */
  readonly q: Float32Array;
  /** Of the keys [M, 512]. */
  readonly k: Float32Array;
  /** Of the learned scalars. */
  readonly params: Params;
}

export interface Result {
  readonly loss: number;
  readonly gradients: Gradients;
}

export interface LossAlone {
  readonly loss: number;
}

export interface RunOptions {
  /** False: the loss alone. */
  readonly gradients?: boolean;
}

export interface OpenOptions {
  /** 'cpu' unless said. Which of the targets runs is chosen on the device. */
  readonly device?: 'cpu' | 'cuda';
  /** With `device: 'cuda'`: its place in the driver's list; 0 unless said. */
  readonly gpu?: number;
  /** With `device: 'cpu'`: one for each core that the process may use, unless said. */
  readonly threads?: number;
}

/** A device, ready to compute. Several runs may be asked for at once: those of a kernel follow each other. */
export interface Kernel {
  /** The target in use. */
  readonly target: string;
  /** Loss and gradients. Rejects with what is wrong in the inputs, or has failed. */
  run(inputs: Inputs, options: RunOptions & { readonly gradients: false }): Promise<LossAlone>;
  run(inputs: Inputs, options?: RunOptions & { readonly gradients?: true }): Promise<Result>;
  run(inputs: Inputs, options: RunOptions): Promise<LossAlone | Result>;
  /** Releases the device, after the runs that were asked for. */
  close(): void;
}

/** A kernel on the CPU, or on a GPU with `device: 'cuda'`. Rejects where there is no such device, or it runs none of the targets. */
export declare function open(options?: OpenOptions): Promise<Kernel>;
