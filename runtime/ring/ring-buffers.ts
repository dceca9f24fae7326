import type { BoundPlan } from '../../codegen/plan/bind.js';
import { elementBytes } from '../../codegen/plan/plan.js';
import { stacksOfColumns } from '../../codegen/plan/ring-buffers.js';
import type { Buffer as Slot } from '../../codegen/ring/schedule.js';
import type { NativeBuffer } from '../addon.js';
import type { DeviceBuffers } from '../device-buffers.js';
import type { Device } from '../device/device.js';
import type { ShownRank } from '../transport/communicator.js';
import type { RankShape } from './rank-shape.js';

/**
 * The buffers of columns, by the slot of the schedule that they are in. Those of the rank's own columns are the session's own; the
 * others have room for the largest shard, and are made when they are first used.
 */
export class RingBuffers implements ShownRank {
  /** The plan that is bound to the largest shard of columns; set before a walk. */
  largest: BoundPlan | undefined;
  /** Of all ranks, where their devices have one memory; seen anew whenever the session's buffers are. */
  neighbours: readonly ShownRank[] = [];
  readonly device: Device;
  readonly #own: DeviceBuffers;
  readonly #shape: RankShape;
  readonly #nodes: number;
  readonly #others = new Map<string, NativeBuffer>();

  constructor(device: Device, own: DeviceBuffers, shape: RankShape, nodes: number) {
    this.device = device;
    this.#own = own;
    this.#shape = shape;
    this.#nodes = nodes;
  }

  /** What a slot has of a shard: among neighbours it is where the shard is at home, and nowhere else. */
  get(slot: Slot, name: string, shard: number): NativeBuffer {
    return (this.#isOne(slot) ? this.neighbours[shard]?.ofOwnColumns(name) : undefined) ?? this.#ofThisRank(slot, name);
  }

  /** Whether a buffer of the rank's own columns is a part of another. */
  isPart(name: string): boolean {
    return stacksOfColumns.has(name);
  }

  close(): void {
    for (const buffer of this.#others.values()) buffer.free();
    this.#others.clear();
    this.neighbours = [];
  }

  ofOwnColumns(name: string): NativeBuffer {
    const stack = stacksOfColumns.get(name);
    if (stack === undefined) return this.#own.require(name);
    const whole = this.#own.require(stack);
    const rowBytes = whole.bytes / this.#shape.stack;
    return whole.part(this.#shape.colStart * rowBytes, this.#shape.m * rowBytes);
  }

  #ofThisRank(slot: Slot, name: string): NativeBuffer {
    if (slot === 'own' || slot === 'result') return this.ofOwnColumns(name);
    const key = `${slot} ${name}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const made = this.device.allocate(Math.max(bytesOf(this.#requireLargest(), name), 4));
    this.#others.set(key, made);
    return made;
  }

  /** Whether all ranks mean the same by the slot: keys stay as they are, and on one node the sums of a shard are with one rank at a time. */
  #isOne(slot: Slot): boolean {
    return slot === 'own' || /^(keys|turnKeys)\[/.test(slot) || (this.#nodes === 1 && slot !== 'partial');
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
