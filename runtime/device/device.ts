import type { NativeBuffer, NativeCommand, NativeList, NativeModule } from '../addon.js';

/** What runs a plan's commands: the host's processor or a GPU, all the same to the executor. */
export interface Device {
  readonly kind: 'cpu' | 'cuda';
  /** One line for people. */
  readonly description: string;
  /** Multiprocessors of a GPU; a CPU has as many workers as it is told to use. */
  readonly workers?: number;
  /** Bytes handed out and not yet freed, and the most they have been since the peak was last reset. */
  readonly allocatedBytes: number;
  readonly peakBytes: number;
  resetPeak(): void;
  /**
   * Uninitialised memory. Two buffers never overlap, and all are aligned for any kernel.
   *
   * @throws {InfinitileError} INF7002 when the device has not enough.
   */
  allocate(bytes: number): NativeBuffer;
  /**
   * Host: the path of a shared object. CUDA: a cubin.
   *
   * @throws {InfinitileError} INF7003 with the loader's own message.
   */
  loadModule(source: string | Uint8Array): NativeModule;
  /**
   * Runs the commands in order, after those given before; resolves with their milliseconds on the device. Rejects with INF7003, and with
   * INF7101 when a message to or from another rank fails.
   */
  run(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<number>;
  /** Likewise, with the milliseconds of each command. */
  profile(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<Float64Array>;
  /**
   * Reads a list once, to be run as often as wanted; its errors are told alike.
   *
   * @throws {InfinitileError} INF7003 with the command that is wrong.
   */
  prepare(commands: readonly NativeCommand[]): NativeList;
  /** Whether commands may take buffers of the other: both have one memory. */
  reaches(other: Device): boolean;
  /** Releases every buffer and module. */
  close(): void;
}
