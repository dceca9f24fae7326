import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packagePath } from '../codegen/emit/package-path.js';
import { InfinitileError } from '../dsl/diagnostics/index.js';

/**
 * The native surface, name for name. The addon opens libcuda, libnvrtc and libnccl when they are asked for and loads without them.
 * Promises settle on the main thread; the work runs on a thread of the device's own, one command list after another. A mistake
 * in what is passed to a method that returns a promise rejects that promise.
 */
export interface NativeAddon {
  readonly version: string;
  /** Opens the CUDA driver. Throws an Error that says what was looked for and what failed. */
  openCuda(): CudaInfo;
  /**
   * Opens NVRTC: the given library, or the first on the loader's path; and its builtins: the given library, or the one of
   * NVRTC's own version beside it, or the one on the loader's path. Throws likewise. The last NVRTC opened compiles.
   */
  openNvrtc(path: string | null, builtins: string | null): NvrtcInfo;
  /** Compiles CUDA source. Runs off the main thread. Rejects with an Error whose message ends with NVRTC's whole log. */
  compileCuda(request: NvrtcRequest): Promise<NvrtcResult>;
  createHostDevice(): NativeDevice;
  createCudaDevice(ordinal: number): NativeDevice;
  /** Transports of ranks that are devices of this process, one for each rank. A rank waits so many milliseconds for another. */
  createLocalTransports(ranks: number, patience: number): NativeTransport[];
  /** A transport that another addon has made: of `infinitile_mpi`. */
  adoptTransport(transport: ForeignTransport): NativeTransport;
  /** Opens NCCL: the given library, or the first on the loader's path. Throws an Error that says what was looked for and what failed. */
  openNccl(path: string | null): NcclInfo;
  /** What a group's ranks find each other by: made by one of them. NCCL is open. */
  createNcclId(): Uint8Array;
  /** Joins the group of an id: every rank does, each with a GPU. Rejects with NCCL's own message. */
  createNcclTransport(request: NcclRequest): Promise<NativeTransport>;
}

/** Carries messages between ranks: the commands of one device, the first that names it. */
export interface NativeTransport {
  readonly rank: number;
  readonly ranks: number;
  /** Bytes sent so far, by the rank that they went to. */
  readonly sentBytes: Float64Array;
  /** Ends what is on its way, and what is started later, with this reason. Again: nothing. */
  abort(reason: string): void;
}

declare const foreign: unique symbol;

/** A transport in the hands of another addon. */
export interface ForeignTransport {
  readonly [foreign]: true;
}

export interface NcclInfo {
  readonly path: string;
  /** `2.30.4` */
  readonly version: string;
}

export interface NcclRequest {
  readonly id: Uint8Array;
  readonly rank: number;
  readonly ranks: number;
  readonly device: NativeDevice;
  /** Milliseconds that a rank waits for another. */
  readonly patience: number;
}

export interface NativeMessage {
  readonly direction: 'send' | 'receive';
  /** A rank. */
  readonly peer: number;
  readonly buffer: NativeBuffer;
  readonly offset: number;
  readonly bytes: number;
}

export interface CudaInfo {
  /** The driver library. */
  readonly path: string;
  /** As the driver reports it: 13000 is 13.0. */
  readonly driverVersion: number;
  readonly devices: readonly CudaDeviceInfo[];
}

export interface CudaDeviceInfo {
  readonly ordinal: number;
  readonly name: string;
  readonly computeMajor: number;
  readonly computeMinor: number;
  readonly multiprocessors: number;
  readonly totalBytes: number;
  /** The most dynamic shared memory that a block can be given. */
  readonly sharedBytesPerBlock: number;
}

export interface NvrtcInfo {
  readonly path: string;
  /** Null where they were not found; then NVRTC compiles nothing, unless it finds them by itself. */
  readonly builtins: string | null;
  readonly major: number;
  readonly minor: number;
}

export interface NvrtcRequest {
  /** As it appears in messages. */
  readonly name: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface NvrtcResult {
  /** The device code for `--gpu-architecture=sm_XX`; null for `compute_XX`. */
  readonly cubin: Uint8Array | null;
  readonly ptx: string | null;
  /** Warnings and, with `--ptxas-options=-v`, registers and spills. */
  readonly log: string;
}

export interface NativeDevice {
  /** Bytes handed out and not yet freed, and the most they have been since the device was opened or the peak was reset. */
  readonly allocatedBytes: number;
  readonly peakBytes: number;
  resetPeak(): void;
  /**
   * Uninitialised memory, aligned to 64 bytes (host) or 256 (CUDA). Where memory is short and work that was queued holds some
   * that has been freed, waits for it. Throws when there is not enough (`code` is `OUT_OF_MEMORY`).
   */
  allocate(bytes: number): NativeBuffer;
  /**
   * Host: the path of a shared object; a path names one content, for good, as the loader knows libraries by their paths.
   * CUDA: a cubin. Throws with the loader's own message.
   */
  loadModule(source: string | Uint8Array): NativeModule;
  /**
   * Runs the commands in order and resolves, when the last is done, with the milliseconds they took on the device.
   * Lists queue: a second call starts after the first. Rejects with the failing command named; the device stays usable
   * unless its context is lost, which the message then says. Commands that read or take the time fill `outputs`, which must
   * not be transferred until the promise settles.
   */
  run(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<number>;
  /** Likewise, and resolves with the milliseconds of each command. CUDA: from event to event, so that commands do not overlap. */
  profile(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<Float64Array>;
  /** Reads a list once, to be run as often as wanted. Throws where `run` rejects. One with messages between ranks runs command by command. */
  prepare(commands: readonly NativeCommand[]): NativeList;
  /** Whether commands may take buffers of the other: both have one memory. */
  reaches(other: NativeDevice): boolean;
  /**
   * Releases everything: buffers and modules of the device are dead afterwards. The command that runs ends first, in the
   * background; lists and copies after it are rejected. Again: nothing.
   */
  close(): void;
}

/** A list of commands, ready to run. Until it is released it keeps its buffers' memory, those that are freed too. */
export interface NativeList {
  /** As `run` of the device; `inputs` are what arguments of kind `input` take, copied when it is called. */
  run(inputs: ArrayBufferView, outputs: ArrayBufferView): Promise<number>;
  /** Runs that were queued before keep it until they are done. Again: nothing. */
  release(): void;
}

export interface NativeBuffer {
  readonly bytes: number;
  /** A range as a buffer of its own, which shares the memory: that is freed when all who share it are. Throws beyond the end. */
  part(offset: number, bytes: number): NativeBuffer;
  /** Copies into the buffer at a byte offset. `source` must not be changed or transferred until the promise settles. */
  write(source: ArrayBufferView, offset: number): Promise<void>;
  /** Copies out of the buffer from a byte offset, filling `target`, which must not be transferred until the promise settles. */
  read(target: ArrayBufferView, offset: number): Promise<void>;
  /** Work that was queued before keeps the memory until it is done. Again: nothing. */
  free(): void;
}

/** Kernels (CUDA) or functions `void name(void* const* args)` (host). */
export interface NativeModule {
  /** Throws when the module has no such name. */
  require(name: string): void;
  /** Work that was queued before keeps the code until it is done. Again: nothing. */
  unload(): void;
}

export type NativeCommand =
  | {
      readonly kind: 'launch';
      readonly module: NativeModule;
      readonly name: string;
      /** Blocks along x; may be as large as 2^31 - 1. The host ignores it. */
      readonly grid: number;
      readonly threads: number;
      readonly sharedBytes: number;
      readonly args: readonly NativeArg[];
    }
  /** Sets 32-bit words of a buffer from a byte offset, a multiple of 4. */
  | { readonly kind: 'fill'; readonly buffer: NativeBuffer; readonly offset: number; readonly words: number; readonly pattern: number }
  /**
   * Starts messages between ranks, which go on beside the commands after it, until a `join` of the transport, in this list or a later
   * one. They wait for the commands before it. A rank's messages to another arrive in the order they were sent. `step`: for errors.
   * A run fails with `code` `TRANSPORT` when a rank has failed or been silent for too long: then the group is lost.
   */
  | { readonly kind: 'exchange'; readonly transport: NativeTransport; readonly messages: readonly NativeMessage[]; readonly step: string }
  /** What comes after waits for all messages that were started. */
  | { readonly kind: 'join'; readonly transport: NativeTransport }
  /** Copies bytes of a buffer from a byte offset to byte `at` of the outputs, once the list is done. For what is small. */
  | { readonly kind: 'read'; readonly buffer: NativeBuffer; readonly offset: number; readonly bytes: number; readonly at: number }
  /** The milliseconds on the device from the list's start to here, a double, to byte `at` of the outputs. */
  | { readonly kind: 'clock'; readonly at: number };

export type NativeArg =
  | { readonly kind: 'pointer'; readonly buffer: NativeBuffer | null; readonly offset: number }
  /**
   * A CUtensorMap by value: `rows` x `planes` x `cols` elements of 16 bits from a byte offset (a multiple of 16), `pitch` elements
   * from row to row and `planePitch` from plane to plane (multiples of 8); one copy moves `boxRows` (at most 256) x 1 x `boxCols`
   * (64 or 32), swizzled by as many bytes as these are, zeros beyond the matrix. CUDA alone.
   */
  | {
      readonly kind: 'tensorMap';
      readonly buffer: NativeBuffer;
      readonly offset: number;
      readonly rows: number;
      readonly cols: number;
      readonly planes: number;
      readonly pitch: number;
      readonly planePitch: number;
      readonly boxRows: number;
      readonly boxCols: number;
    }
  | { readonly kind: 'i32'; readonly value: number }
  | { readonly kind: 'f32'; readonly value: number }
  /** Bytes passed by value: a struct of floats. Copied when `run` is called. */
  | { readonly kind: 'bytes'; readonly value: Float32Array }
  /** Bytes passed by value, from a byte offset of the inputs that each run of a prepared list brings. */
  | { readonly kind: 'input'; readonly offset: number; readonly bytes: number };

let loaded: NativeAddon | undefined;

/**
 * The addon of this package, loaded once.
 *
 * @throws {InfinitileError} INF5004 when it has not been built, or does not fit this Node.js or this version of the package.
 */
export function loadAddon(): NativeAddon {
  loaded ??= openAddon(packagePath());
  return loaded;
}

const rebuildHint =
  'npm install builds it (npm rebuild infinitile: again); that takes a C++17 compiler and CMake 3.19 or later (Debian, Ubuntu: apt install g++ cmake make; macOS: xcode-select --install and brew install cmake)';

/** The addon of the package in a folder. */
export function openAddon(root: string): NativeAddon {
  try {
    return openBuilt<NativeAddon>(root, 'infinitile.node', 'the native addon');
  } catch (error) {
    throw new InfinitileError({ code: 'INF5004', message: error instanceof Error ? error.message : String(error), hint: rebuildHint }, { cause: error });
  }
}

/** What CMake has built of the package in a folder. Throws an Error that says what is wrong with `what`. */
export function openBuilt<Addon extends { readonly version: string }>(root: string, file: string, what: string): Addon {
  const candidates = ['Release', 'Debug'].map((configuration) => join(root, 'build', configuration, file));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${what} has not been built: there is no ${candidates[0] ?? ''}`);
  const require = createRequire(import.meta.url);
  let addon: Addon;
  try {
    addon = require(path) as Addon;
  } catch (error) {
    throw new Error(`${what} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const { version } = require(join(root, 'package.json')) as { readonly version: string };
  if (addon.version !== version) throw new Error(`${what} is of version ${addon.version}, the package of ${version}`);
  return addon;
}
