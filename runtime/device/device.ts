import type { NativeBuffer, NativeCommand, NativeModule } from '../addon.js';

/** What runs a plan's commands: the host's processor or a GPU, all the same to the executor. */
export interface Device {
  readonly kind: 'cpu' | 'cuda';
  /** One line for people. */
  readonly description: string;
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
  /** Runs the commands in order, after those given before; resolves with their milliseconds on the device. Rejects with INF7003. */
  run(commands: readonly NativeCommand[]): Promise<number>;
  /** Likewise, with the milliseconds of each command. */
  profile(commands: readonly NativeCommand[]): Promise<Float64Array>;
  /** Releases every buffer and module. */
  close(): void;
}
