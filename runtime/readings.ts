import { flags, unset, type Flag } from '../codegen/plan/buffers.js';
import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { NativeCommand } from './addon.js';
import type { Place } from './arena.js';
import { rowWithoutCount, rowWithoutPositive } from './check-inputs.js';
import type { DeviceBuffers, ReadingName } from './device-buffers.js';

/** The numbers that a step is for: one command of the walk's own list brings home the buffers of all of them. */
export class Readings {
  readonly #loss: PairwiseLoss;
  readonly #flags: Int32Array;
  readonly #scalars: Float64Array;
  /** Of rows and of columns. */
  readonly #termLoss: readonly Float64Array[];
  readonly #termParams: readonly Float64Array[];
  readonly #clocks: Float64Array;
  readonly outputs: Uint8Array;
  /** After the walk that ends the step. */
  readonly read: NativeCommand;

  /** For a step that walks with these buffers. */
  constructor(loss: PairwiseLoss, buffers: DeviceBuffers) {
    const { whole, places } = buffers.readings;
    const clocksAt = Math.ceil(whole.bytes / Float64Array.BYTES_PER_ELEMENT) * Float64Array.BYTES_PER_ELEMENT;
    const memory = new ArrayBuffer(clocksAt + 2 * Float64Array.BYTES_PER_ELEMENT);
    // What no step has made is not there, whatever lies in its place.
    const placeOf = (name: ReadingName): Place | undefined => (buffers.has(name) ? places.get(name) : undefined);
    const doubles = (name: ReadingName): Float64Array => {
      const { offset, bytes } = placeOf(name) ?? { offset: 0, bytes: 0 };
      return new Float64Array(memory, offset, bytes / Float64Array.BYTES_PER_ELEMENT);
    };
    const flagsPlace = placeOf('flags');
    this.#loss = loss;
    this.#flags = flagsPlace === undefined ? new Int32Array(flags.length).fill(unset) : new Int32Array(memory, flagsPlace.offset, flags.length);
    this.#scalars = doubles('scalars');
    this.#termLoss = [doubles('rowLoss'), doubles('colLoss')];
    this.#termParams = [doubles('rowParams'), doubles('colParams')];
    this.#clocks = new Float64Array(memory, clocksAt, 2);
    this.outputs = new Uint8Array(memory);
    this.read = { kind: 'read', buffer: whole, offset: 0, bytes: whole.bytes, at: 0 };
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

  /** What the walk has found out, by the places of {@link flags}. */
  get found(): Int32Array {
    return this.#flags;
  }

  /** False: a sum has left fp32's range. */
  get inRange(): boolean {
    return isInRange(this.#flags);
  }

  /** As {@link checkRows} of what was found. */
  checkRows(): boolean {
    return checkRows(this.#loss, this.#flags);
  }

  /** The softmax terms' part and the pair term's. */
  get loss(): number {
    const [rows = 0, cols = 0] = this.#termLoss.map((values) => sumOfEvery(values, 1, 0));
    return rows + cols + (this.#scalars[0] ?? 0);
  }

  /** Gradients of the learned scalars: what the pairs add, and the values of the softmax terms. */
  get params(): Readonly<Record<string, number>> {
    const { params } = this.#loss;
    const ofTerms = (i: number): number => this.#termParams.reduce((sum, values) => sum + sumOfEvery(values, params.length, i), 0);
    return Object.fromEntries(params.map((name, i) => [name, (this.#scalars[i + 1] ?? 0) + ofTerms(i)]));
  }
}

export function isInRange(found: Int32Array): boolean {
  return found[flags.indexOf('outOfRange')] !== 1;
}

/**
 * Whether the logits of single positives, which are known to be there, are finite.
 *
 * @throws {InfinitileError} when a walk has found a row that its term refuses: without a positive, or without anything that counts.
 */
export function checkRows(loss: PairwiseLoss, found: Int32Array): boolean {
  const first = (flag: Flag): number | undefined => {
    const row = found[flags.indexOf(flag)];
    return row === unset ? undefined : row;
  };
  const mistakes: Diagnostic[] = [];
  for (const [side, what] of [['row', 'row'], ['col', 'column']] as const) {
    const [unmatched, empty] = [first(`${side}Unmatched`), first(`${side}Empty`)];
    if (unmatched !== undefined && loss.positives.kind !== 'where') return false;
    if (unmatched !== undefined) mistakes.push(rowWithoutPositive(loss.name, what, unmatched));
    if (empty !== undefined) mistakes.push(rowWithoutCount(loss.name, what, empty));
  }
  if (mistakes.length > 0) throw new InfinitileError(mistakes);
  return true;
}

/** Of every `stride`-th value from the first on. In order: the same bits every time. */
function sumOfEvery(values: Float64Array, stride: number, first: number): number {
  let sum = 0;
  for (let i = first; i < values.length; i += stride) sum += values[i] ?? 0;
  return sum;
}
