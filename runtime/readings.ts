import { flags, unset, vectorPartials, type Flag } from '../codegen/plan/buffers.js';
import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { NativeCommand } from './addon.js';
import { rowWithoutCount, rowWithoutPositive } from './check-inputs.js';
import type { DeviceBuffers } from './device-buffers.js';

const names = ['flags', 'scalars', 'rowLoss', 'colLoss', 'rowParams', 'colParams'] as const;
type Name = (typeof names)[number];

/** The numbers that a step is for: every buffer of them is read by a command of the walk's own list, into one memory. */
export class Readings {
  readonly #loss: PairwiseLoss;
  readonly #reads: ReadonlyMap<Name, NativeCommand>;
  readonly #flags: Int32Array;
  readonly #scalars: Float64Array;
  readonly #termLoss: Float64Array;
  readonly #termParams: Float64Array;
  readonly #clocks: Float64Array;
  readonly outputs: Uint8Array;

  /** For a step that walks with these buffers. */
  constructor(loss: PairwiseLoss, buffers: DeviceBuffers) {
    const count = loss.params.length;
    const memory = new ArrayBuffer((1 + count + 2 * vectorPartials * (1 + count) + 2) * Float64Array.BYTES_PER_ELEMENT + flags.length * Int32Array.BYTES_PER_ELEMENT);
    let end = 0;
    const doubles = (length: number): Float64Array => {
      const values = new Float64Array(memory, end, length);
      end += values.byteLength;
      return values;
    };
    this.#loss = loss;
    this.#scalars = doubles(1 + count);
    this.#termLoss = doubles(2 * vectorPartials);
    this.#termParams = doubles(2 * vectorPartials * count);
    this.#clocks = doubles(2);
    this.#flags = new Int32Array(memory, end, flags.length).fill(unset);
    this.outputs = new Uint8Array(memory);
    const places: Readonly<Record<Name, ArrayBufferView>> = {
      flags: this.#flags,
      scalars: this.#scalars,
      rowLoss: this.#termLoss.subarray(0, vectorPartials),
      colLoss: this.#termLoss.subarray(vectorPartials),
      rowParams: this.#termParams.subarray(0, vectorPartials * count),
      colParams: this.#termParams.subarray(vectorPartials * count),
    };
    this.#reads = new Map(
      names.filter((name) => buffers.has(name)).map((name) => [name, { kind: 'read', buffer: buffers.require(name), offset: 0, bytes: places[name].byteLength, at: places[name].byteOffset }]),
    );
  }

  /** Commands after the walk that ends the step. */
  get all(): readonly NativeCommand[] {
    return [...this.#reads.values()];
  }

  /** Of those, what a backward walk after it changes. */
  get changed(): readonly NativeCommand[] {
    return [...this.#reads].flatMap(([name, read]) => (name === 'scalars' ? [read] : []));
  }

  /** A command that takes the time at the end of a walk. */
  clock(walk: 'forward' | 'backward'): NativeCommand {
    return { kind: 'clock', at: this.#clocks.byteOffset + (walk === 'forward' ? 0 : this.#clocks.BYTES_PER_ELEMENT) };
  }

  /** What the clocks have measured: each walk by itself. */
  get milliseconds(): { readonly forward: number; readonly backward: number } {
    const [forward = 0, both = 0] = this.#clocks;
    return { forward, backward: both - forward };
  }

  /** False: a sum has left fp32's range. */
  get inRange(): boolean {
    return this.#flags[flags.indexOf('outOfRange')] !== 1;
  }

  /**
   * Whether the logits of single positives, which are known to be there, are finite.
   *
   * @throws {InfinitileError} when a walk has found a row that its term refuses: without a positive, or without anything that counts.
   */
  checkRows(): boolean {
    const first = (flag: Flag): number | undefined => {
      const row = this.#flags[flags.indexOf(flag)];
      return row === unset ? undefined : row;
    };
    const found: Diagnostic[] = [];
    for (const [side, what] of [['row', 'row'], ['col', 'column']] as const) {
      const [unmatched, empty] = [first(`${side}Unmatched`), first(`${side}Empty`)];
      if (unmatched !== undefined && this.#loss.positives.kind !== 'where') return false;
      if (unmatched !== undefined) found.push(rowWithoutPositive(this.#loss.name, what, unmatched));
      if (empty !== undefined) found.push(rowWithoutCount(this.#loss.name, what, empty));
    }
    if (found.length > 0) throw new InfinitileError(found);
    return true;
  }

  /** The softmax terms' part and the pair term's. */
  get loss(): number {
    const [rows, cols] = [this.#termLoss.subarray(0, vectorPartials), this.#termLoss.subarray(vectorPartials)];
    return sumOf(rows) + sumOf(cols) + (this.#scalars[0] ?? 0);
  }

  /** Gradients of the learned scalars: what the pairs add, and the values of the softmax terms. */
  get params(): Readonly<Record<string, number>> {
    const { params } = this.#loss;
    const ofTerms = new Float64Array(params.length);
    this.#termParams.forEach((value, i) => (ofTerms[i % params.length] = (ofTerms[i % params.length] ?? 0) + value));
    return Object.fromEntries(params.map((name, i) => [name, (this.#scalars[i + 1] ?? 0) + (ofTerms[i] ?? 0)]));
  }
}

function sumOf(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
