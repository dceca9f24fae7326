import type { Server, Socket } from 'node:net';
import type { InfinitileError } from '../../dsl/diagnostics/index.js';
import { Connection } from './connection.js';
import { noConnection, printRanks, printSeconds, rankGone, ranksDisagree } from './errors.js';
import type { Place } from './place.js';
import { lostMessage, parseHello, type Hello } from './protocol.js';
import type { TcpOptions } from './tcp.js';

/** A rank that has come, and how to reach it. */
export interface Peer {
  readonly place: Place;
  readonly connection: Connection;
}

/** Rank 0's server until all others have come. Who is none of them is sent away, and told of. */
export class Reception {
  readonly #options: Required<TcpOptions>;
  readonly #job: string;
  readonly #description: string;
  readonly #peers = new Map<number, Peer>();
  readonly #strangers = new Set<Connection>();
  #settle: { readonly resolve: () => void; readonly reject: (error: InfinitileError) => void } | undefined;

  constructor(options: Required<TcpOptions>, { job, description }: { readonly job: string; readonly description: string }) {
    this.#options = options;
    this.#job = job;
    this.#description = description;
  }

  /** The other ranks, in their order. */
  async admit(server: Server): Promise<readonly Peer[]> {
    const { patience, place } = this.#options;
    const timer = setTimeout(() => this.#settle?.reject(this.#missing()), patience);
    const receive = (socket: Socket): void => void this.#receive(new Connection(socket));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        server.on('connection', receive);
        if (place.ranks === 1) resolve();
      });
      return [...this.#peers.values()].sort((a, b) => a.place.rank - b.place.rank);
    } catch (error) {
      this.#sendAway(error as InfinitileError);
      throw error;
    } finally {
      clearTimeout(timer);
      server.off('connection', receive);
      for (const stranger of this.#strangers) stranger.drop();
      this.#strangers.clear();
    }
  }

  async #receive(connection: Connection): Promise<void> {
    const { peer } = connection;
    this.#strangers.add(connection);
    const frame = await connection.next();
    // Sent away meanwhile: all have come, or too late.
    if (!this.#strangers.delete(connection)) return;
    const hello = frame === undefined ? undefined : parseHello(frame.header);
    if (hello === undefined) {
      this.#options.onWarning(`${peer} connected to ${this.#description}, where the ranks of a group meet, and is none of them`);
      connection.drop();
      return;
    }
    const refusal = this.#refuse(hello);
    if (refusal === undefined) this.#welcome(hello as Hello, connection);
    else {
      connection.send(lostMessage(refusal.error));
      void connection.finish();
      if (refusal.fatal) this.#settle?.reject(refusal.error);
      else this.#options.onWarning(`${peer}: ${refusal.error.message}`);
    }
  }

  /** What speaks against a rank; fatal where its group can never be complete without it. */
  #refuse(hello: Hello | { readonly version: string }): { readonly error: InfinitileError; readonly fatal: boolean } | undefined {
    const { place, version } = this.#options;
    const who = 'rank' in hello ? `rank ${hello.rank}` : 'another rank';
    if ('job' in hello && hello.job !== this.#job) {
      return { error: noConnection(`the ranks that meet at ${this.#description} are another group's`, 'INFINITILE_PORT gives each of two groups on one machine a port of its own'), fatal: false };
    }
    if (!('rank' in hello) || hello.version !== version) {
      return { error: ranksDisagree([`version: rank 0 has ${version}, ${who} has ${hello.version}`], 'install the same version of Infinitile for all ranks'), fatal: true };
    }
    if (hello.ranks !== place.ranks) return { error: ranksDisagree([`number of ranks: rank 0 has ${place.ranks}, ${who} has ${hello.ranks}`]), fatal: true };
    if (hello.rank === 0 || hello.rank >= place.ranks || this.#peers.has(hello.rank)) {
      return { error: ranksDisagree([`rank: two processes are rank ${hello.rank}`], 'each process has a rank of its own'), fatal: true };
    }
    return undefined;
  }

  #welcome(hello: Hello, connection: Connection): void {
    connection.trust();
    void connection.ended.then((how) => this.#settle?.reject(rankGone(hello.rank, how)));
    this.#peers.set(hello.rank, { place: hello, connection });
    if (this.#peers.size === this.#options.place.ranks - 1) this.#settle?.resolve();
  }

  #missing(): InfinitileError {
    const { place, patience } = this.#options;
    const missing = Array.from({ length: place.ranks }, (_, rank) => rank).filter((rank) => rank !== 0 && !this.#peers.has(rank));
    return noConnection(
      `rank 0 has waited ${printSeconds(patience)} at ${this.#description} for ${printRanks(missing)}`,
      'a rank that is only late needs a longer time limit (patience); one that cannot reach rank 0, an address that it can (MASTER_ADDR, INFINITILE_PORT)',
    );
  }

  #sendAway(error: InfinitileError): void {
    for (const { connection } of this.#peers.values()) {
      connection.send(lostMessage(error));
      void connection.finish();
    }
  }
}
