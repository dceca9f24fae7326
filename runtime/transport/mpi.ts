import { loadAddon, type NativeTransport } from '../addon.js';
import { messageOf, rankLost } from '../device/errors.js';
import { isTransportFailure } from '../device/native-device.js';
import type { Communicator } from './communicator.js';
import { Member, type ControlPlane } from './control-plane.js';
import { groupLeft, noConnection, printSeconds, rankFailed, reasonOf } from './errors.js';
import { label, unlabel } from './labelled.js';
import { loadMpiAddon, type MpiAddon, type MpiInfo } from './mpi-addon.js';
import { checkPatience, defaultPatience } from './patience.js';
import { nodesOf, printGroup, type Place } from './place.js';
import { theEnd } from './rounds.js';

export interface MpiOptions {
  /** Milliseconds that a rank waits for another; 30 000 unless said. */
  readonly patience?: number;
}

/**
 * Joins the ranks that mpirun started; without mpirun, a group of one. Once in a process.
 *
 * No rank outlives its group. A process that ends before it has closed its communicator ends the others by MPI_Abort, since they would
 * wait for it in vain; where the group is lost already, all have a second from then to say what they have heard. mpirun does the same
 * when a rank is killed, and when it is interrupted itself (SIGINT, SIGTERM).
 *
 * @throws {InfinitileError} INF7104 without the addon for MPI, INF7103 when MPI does not start, INF7101 when a rank does not come.
 */
export async function connectMpi({ patience = defaultPatience }: MpiOptions = {}): Promise<Communicator & ControlPlane> {
  checkPatience(patience);
  const mpi = loadMpiAddon();
  const lost = new AbortController();
  const { rank, places, library } = await start(mpi, patience, (reason) => lost.abort(rankLost(new Error(reason))));
  const place = places[rank];
  if (place === undefined) throw new Error(`MPI tells of no rank ${rank}`);
  return new MpiRank(mpi, place, nodesOf(places), library, patience, lost);
}

class MpiRank extends Member implements Communicator, ControlPlane {
  readonly transport = 'mpi';
  readonly #mpi: MpiAddon;
  readonly #patience: number;
  readonly #lost: AbortController;
  #ended = false;
  #closing: Promise<void> | undefined;
  readonly #onExit = (code: number): void => this.#mpi.kill(code === 0 ? 1 : code);

  constructor(mpi: MpiAddon, place: Place, nodes: number, library: string, patience: number, lost: AbortController) {
    super(place, nodes, `${printGroup(place.ranks, nodes)}, by MPI (${library})`);
    this.#mpi = mpi;
    this.#patience = patience;
    this.#lost = lost;
    if (place.ranks > 1) process.once('exit', this.#onExit);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    this.lost.throwIfAborted();
    if (this.#ended) throw groupLeft(this.rank, what);
    this.#ended = what === theEnd;
    try {
      return unlabel(await this.#mpi.gather(label(what, bytes), this.#patience, what));
    } catch (error) {
      this.lost.throwIfAborted();
      throw isTransportFailure(error) ? rankLost(error) : error;
    }
  }

  async attach(): Promise<NativeTransport> {
    await this.gather(new Uint8Array(), 'a device of each rank');
    return loadAddon().adoptTransport(this.#mpi.createTransport(this.#patience));
  }

  abort(reason: unknown): void {
    if (this.lost.aborted) return;
    this.#lost.abort(rankFailed(this.rank, reasonOf(reason)));
    this.#mpi.fail(reasonOf(reason));
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    if (this.lost.aborted) return;
    await this.gather(new Uint8Array(), theEnd);
    await this.#mpi.finalize();
    process.off('exit', this.#onExit);
  }
}

/** MPI_Init has no time limit of its own. */
async function start(mpi: MpiAddon, patience: number, onLost: (reason: string) => void): Promise<MpiInfo> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(rankLost(new Error(`not every rank has started MPI within ${printSeconds(patience)}`))), patience);
  });
  const started = mpi.init(onLost).catch((error: unknown) => {
    throw noConnection(`MPI does not start: ${messageOf(error)}`, 'mpirun -n 4 node program.js starts four ranks', error);
  });
  try {
    return await Promise.race([started, late]);
  } finally {
    clearTimeout(timer);
  }
}
