import type { BoundPlan } from '../../codegen/plan/bind.js';
import { elementBytes } from '../../codegen/plan/plan.js';
import { stacksOfColumns } from '../../codegen/plan/ring-buffers.js';
import type { Buffer as Slot } from '../../codegen/ring/schedule.js';
import type { NativeBuffer } from '../addon.js';
import type { DeviceBuffers } from '../device-buffers.js';
import type { Device } from '../device/device.js';
import type { RankShape } from './rank-shape.js';

/**
 * The buffers of columns, by the slot of the schedule that they are in. Those of the rank's own columns are the session's own; the
 * others have room for the largest shard, and are made when they are first used.
 */
export class RingBuffers {
  /** The plan that is bound to the largest shard of columns; set before a walk. */
  largest: BoundPlan | undefined;
  readonly #device: Device;
  readonly #own: DeviceBuffers;
  readonly #shape: RankShape;
  readonly #others = new Map<string, NativeBuffer>();

  constructor(device: Device, own: DeviceBuffers, shape: RankShape) {
    this.#device = device;
    this.#own = own;
    this.#shape = shape;
  }

  get(slot: Slot, name: string): NativeBuffer {
    if (slot === 'own' || slot === 'result') return this.#ofOwnColumns(name);
    const key = `${slot} ${name}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const made = this.#device.allocate(Math.max(bytesOf(this.#requireLargest(), name), 4));
    this.#others.set(key, made);
    return made;
  }

  /** Whether a buffer of the rank's own columns is a part of another. */
  isPart(name: string): boolean {
    return stacksOfColumns.has(name);
  }

  close(): void {
    for (const buffer of this.#others.values()) buffer.free();
    this.#others.clear();
  }

  #ofOwnColumns(name: string): NativeBuffer {
    const stack = stacksOfColumns.get(name);
    if (stack === undefined) return this.#own.require(name);
    const whole = this.#own.require(stack);
    const rowBytes = whole.bytes / this.#shape.stack;
    return whole.part(this.#shape.colStart * rowBytes, this.#shape.m * rowBytes);
  }

  #requireLargest(): BoundPlan {
    if (this.largest === undefined) throw new Error('no walk has begun');
    return this.largest;
  }
}

/** Bytes of a buffer of a bound plan. */
export function bytesOf({ buffers }: BoundPlan, name: string): number {
  const buffer = buffers.find((candidate) => candidate.name === name);
  if (buffer === undefined) throw new Error(`the plan has no buffer '${name}'`);
  return buffer.elements * elementBytes[buffer.element];
}
