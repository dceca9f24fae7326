import { loadAddon, type NativeAddon, type NativeTransport } from '../addon.js';
import type { Communicator, ShownRank } from './communicator.js';
import { Member } from './control-plane.js';
import { rankFailed, reasonOf } from './errors.js';
import { checkPatience, defaultPatience } from './patience.js';
import { printGroup } from './place.js';
import { Rounds, theEnd } from './rounds.js';

export interface LocalOptions {
  /** Milliseconds that a rank waits for another; 30 000 unless said. */
  readonly patience?: number;
}

type LocalAddon = Pick<NativeAddon, 'createLocalTransports'>;

/** Ranks that are devices of this process, in their order. */
export function connectLocal(ranks: number, { patience = defaultPatience }: LocalOptions = {}, addon: () => LocalAddon = loadAddon): readonly Communicator[] {
  checkPatience(patience);
  const group = new LocalGroup(ranks, patience, addon);
  return Array.from({ length: ranks }, (_, rank) => new LocalRank(rank, ranks, group));
}

/** What the ranks of one process share. */
class LocalGroup {
  readonly rounds: Rounds;
  /** One list for each device that ranks attach; it has a transport for each rank. */
  readonly #transports: NativeTransport[][] = [];

  constructor(
    readonly ranks: number,
    readonly patience: number,
    readonly addon: () => LocalAddon,
  ) {
    this.rounds = new Rounds(ranks, patience);
    this.rounds.lost.addEventListener('abort', () => {
      for (const transport of this.#transports.flat()) transport.abort(reasonOf(this.rounds.lost.reason));
    });
  }

  /** What ranks show each other, between two gathers. */
  readonly shown = new Map<number, ShownRank>();

  /** A rank's transport for its n-th device. */
  transport(rank: number, n: number): NativeTransport {
    this.rounds.lost.throwIfAborted();
    const transports = (this.#transports[n] ??= this.addon().createLocalTransports(this.ranks, this.patience));
    const transport = transports[rank];
    if (transport === undefined) throw new Error(`there is no transport for rank ${rank} of ${this.ranks}`);
    return transport;
  }
}

class LocalRank extends Member implements Communicator {
  readonly transport = 'local';
  readonly #group: LocalGroup;
  #attached = 0;
  #closing: Promise<void> | undefined;

  constructor(rank: number, ranks: number, group: LocalGroup) {
    super({ rank, ranks, localRank: rank, localRanks: ranks }, 1, ranks === 1 ? '1 rank' : `${printGroup(ranks, 1)} of one process`);
    this.#group = group;
  }

  get lost(): AbortSignal {
    return this.#group.rounds.lost;
  }

  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    return this.#group.rounds.give(this.rank, what, bytes);
  }

  async attach(): Promise<NativeTransport> {
    await this.gather(new Uint8Array(), 'a device of each rank');
    return this.#group.transport(this.rank, this.#attached++);
  }

  override async show(own: ShownRank): Promise<readonly ShownRank[]> {
    const { shown } = this.#group;
    const what = 'the memory of each rank';
    shown.set(this.rank, own);
    await this.gather(new Uint8Array(), what);
    const all = [...shown].sort(([a], [b]) => a - b).map(([, one]) => one);
    // Whoever shows something again would show it to those that have not looked yet.
    await this.gather(new Uint8Array(), what);
    shown.delete(this.rank);
    return all;
  }

  abort(reason: unknown): void {
    this.#group.rounds.fail(rankFailed(this.rank, reasonOf(reason)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    if (!this.lost.aborted) await this.gather(new Uint8Array(), theEnd);
  }
}
