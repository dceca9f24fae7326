import { createServer } from 'node:net';
import type { InfinitileError } from '../../dsl/diagnostics/index.js';
import { Member, type ControlPlane } from './control-plane.js';
import { encodeFrame } from './frames.js';
import { rankFailed, rankGone, reasonOf } from './errors.js';
import { nodesOf, printGroup, type Place } from './place.js';
import { lostMessage, parseToHub, type ToRank } from './protocol.js';
import { listenAt } from './rendezvous.js';
import { Rounds, theEnd } from './rounds.js';
import { Reception, type Peer } from './tcp-reception.js';
import type { TcpOptions } from './tcp.js';

/** Rank 0 of a group whose control plane is TCP. */
export async function openGroup(options: Required<TcpOptions>): Promise<ControlPlane> {
  const server = createServer();
  try {
    const listening = await listenAt(server, options.rendezvous);
    const peers = await new Reception(options, listening).admit(server).finally(() => listening.withdraw());
    return new Hub(options, peers, listening.description);
  } finally {
    server.close();
  }
}

class Hub extends Member implements ControlPlane {
  readonly #peers: readonly Peer[];
  readonly #rounds: Rounds;
  #closing: Promise<void> | undefined;

  constructor({ place, patience }: { readonly place: Place; readonly patience: number }, peers: readonly Peer[], description: string) {
    const nodes = nodesOf([place, ...peers.map((peer) => peer.place)]);
    super(place, nodes, `${printGroup(place.ranks, nodes)}, TCP at ${description}`);
    this.#peers = peers;
    this.#rounds = new Rounds(place.ranks, patience, (parts) => this.#tell({ kind: 'gathered', sizes: parts.map(({ length }) => length) }, Buffer.concat(parts)));
    this.#rounds.lost.addEventListener('abort', () => {
      this.#tell(lostMessage(this.#rounds.lost.reason as InfinitileError));
      void this.#finish();
    });
    this.#tell({ kind: 'welcome', nodes });
    for (const peer of peers) void this.#serve(peer);
  }

  get lost(): AbortSignal {
    return this.#rounds.lost;
  }

  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    return this.#rounds.give(this.rank, what, bytes);
  }

  abort(reason: unknown): void {
    this.#rounds.fail(rankFailed(this.rank, reasonOf(reason)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    if (!this.lost.aborted) await this.gather(new Uint8Array(), theEnd);
    await this.#finish();
  }

  /** Takes what a rank sends until its connection ends, which must not be before the group does. */
  async #serve({ place: { rank }, connection }: Peer): Promise<void> {
    for (let frame = await connection.next(); frame !== undefined; frame = await connection.next()) {
      const message = parseToHub(frame.header);
      if (message === undefined) this.#rounds.fail(rankGone(rank, 'it has sent what is no message'));
      // Its failure reaches the rank as that of the group.
      else if (message.kind === 'give') this.#rounds.give(rank, message.what, frame.body).catch(() => undefined);
      else this.#rounds.fail(rankFailed(rank, message.reason));
    }
    this.#rounds.fail(rankGone(rank, await connection.ended));
  }

  #tell(message: ToRank, body?: Uint8Array): void {
    const frame = encodeFrame(message, body);
    for (const { connection } of this.#peers) connection.sendEncoded(frame);
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#peers.map(({ connection }) => connection.finish()));
  }
}
