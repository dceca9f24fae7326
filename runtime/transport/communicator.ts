import type { NativeBuffer, NativeTransport } from '../addon.js';
import type { Device } from '../device/device.js';

/** What ranks of one process see of each other. */
export interface ShownRank {
  readonly device: Device;
  /** A buffer of the rank's own columns. */
  ofOwnColumns(name: string): NativeBuffer;
}

/** One rank's side of a group of ranks that share a problem. */
export interface Communicator {
  readonly rank: number;
  readonly ranks: number;
  /** Nodes that the ranks are on: equally many on each, numbered node by node; otherwise 1. */
  readonly nodes: number;
  /** Its number among the ranks of its node, and how many those are. */
  readonly localRank: number;
  readonly localRanks: number;
  /** The GPU of its node that it takes, where GPUs were asked for: its place in the driver's list. */
  readonly gpu?: number;
  /** What carries the messages between devices. */
  readonly transport: 'local' | 'mpi' | 'nccl';
  /** One line for people: ranks, transport, library. */
  readonly description: string;
  /** Aborted, with the error, once a rank of the group is lost. */
  readonly lost: AbortSignal;
  /**
   * What each rank gave, in the order of ranks. Every rank calls it as often, in the same order.
   *
   * @throws {InfinitileError} INF7101 when a rank has failed or been silent for longer than the time limit, naming it; `what` tells what
   * was waited for, such as "the number of rows".
   */
  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]>;
  /**
   * Lets a device's `exchange` commands reach the other ranks. Every rank calls it once for a device, in the same order.
   *
   * @throws {InfinitileError} where the device and the transport do not fit, or NCCL refuses.
   */
  attach(device: Device): Promise<NativeTransport>;
  /**
   * What each rank shows the others of itself, in the order of ranks; nothing of ranks that are not all in one process. Every rank calls it
   * as often, in the same order.
   */
  show(own: ShownRank): Promise<readonly ShownRank[]>;
  /** Tells the other ranks that this one fails, and why: what they wait for is rejected with it. Again: nothing. */
  abort(reason: unknown): void;
  /** Leaves the group, once every rank has come so far. Again: nothing. */
  close(): Promise<void>;
}
