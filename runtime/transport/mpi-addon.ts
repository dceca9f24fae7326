import { packagePath } from '../../codegen/emit/package-path.js';
import { openBuilt, type ForeignTransport } from '../addon.js';
import { messageOf } from '../device/errors.js';
import { noMessageLibrary } from './errors.js';
import type { Place } from './place.js';

/**
 * The native surface of the addon that is linked with MPI, name for name. One thread makes all calls of MPI; promises settle on the
 * main thread. The group is lost with the first failure: then everything that waits, or comes later, fails with that reason.
 */
export interface MpiAddon {
  readonly version: string;
  /**
   * MPI_Init: waits until every rank has come to it, without a time limit, and without keeping the event loop alive. Once in a process.
   * `onLost` hears once that the group is lost, and why.
   */
  init(onLost: (reason: string) => void): Promise<MpiInfo>;
  /**
   * What each rank gave. Rejects with `code` `TRANSPORT`, naming the ranks, when they have been silent for `patience` milliseconds or
   * the group is lost. `what` is waited for, for errors.
   */
  gather(bytes: Uint8Array, patience: number, what: string): Promise<Uint8Array[]>;
  /** For one device. Every rank makes as many, in the same order. */
  createTransport(patience: number): ForeignTransport;
  /** Tells the other ranks that this one cannot go on. Again: nothing. */
  fail(reason: string): void;
  /**
   * MPI_Abort: ends all ranks, this one with the exit code (1 to 255), and does not return. Where the group is lost it waits for a second
   * from then, so that the others can say what they have heard.
   */
  kill(code: number): never;
  /** MPI_Finalize: waits until every rank has come to it, without a time limit. */
  finalize(): Promise<void>;
}

export interface MpiInfo {
  readonly rank: number;
  /** Of all ranks, in their order. */
  readonly places: readonly Place[];
  /** `Open MPI v4.1.4` */
  readonly library: string;
}

let loaded: MpiAddon | undefined;

/**
 * The addon of this package, loaded once.
 *
 * @throws {InfinitileError} INF7104 when it has not been built, or does not fit this machine or this version of the package.
 */
export function loadMpiAddon(): MpiAddon {
  loaded ??= openMpiAddon(packagePath());
  return loaded;
}

/** The addon of the package in a folder. */
export function openMpiAddon(root: string): MpiAddon {
  try {
    return openBuilt<MpiAddon>(root, 'infinitile_mpi.node', 'the addon for MPI');
  } catch (error) {
    throw noMessageLibrary(messageOf(error), installHint, error);
  }
}

const installHint =
  'it is built where CMake finds MPI: install it (Debian, Ubuntu: apt install libopenmpi-dev openmpi-bin; macOS: brew install open-mpi), then npm rebuild infinitile';
