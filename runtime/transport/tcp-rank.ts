import type { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Connection } from './connection.js';
import { Member, type ControlPlane } from './control-plane.js';
import { groupLeft, rankFailed, rankGone, ranksSilent, reasonOf } from './errors.js';
import { printGroup, type Place } from './place.js';
import { lostError, parseToRank, type ToHub } from './protocol.js';
import { theEnd } from './rounds.js';

/** Milliseconds beyond the time limit that rank 0 has to tell whom it waits for. */
export const grace = 1000;

/** A rank that is not the first, of a group whose control plane is TCP. */
export class TcpRank extends Member implements ControlPlane {
  readonly #connection: Connection;
  readonly #patience: number;
  readonly #lost = new AbortController();
  /** Gathers that rank 0 has not answered, in the order they were asked for. */
  readonly #waiting: Waiting[] = [];
  #error: InfinitileError | undefined;
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(place: Place, nodes: number, connection: Connection, patience: number) {
    super(place, nodes, `${printGroup(place.ranks, nodes)}, TCP through ${connection.peer}`);
    this.#connection = connection;
    this.#patience = patience;
    void this.#listen();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.reject(groupLeft(this.rank, what));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(ranksSilent([0], this.#patience, what)), this.#patience + grace);
      this.#waiting.push({ what, resolve, reject, timer });
      this.#send({ kind: 'give', what }, bytes);
    });
  }

  abort(reason: unknown): void {
    if (this.#error !== undefined || this.#ended) return;
    const text = reasonOf(reason);
    this.#send({ kind: 'abort', reason: text });
    this.#fail(rankFailed(this.rank, text));
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    if (this.#error === undefined) await this.gather(new Uint8Array(), theEnd);
    await this.#connection.finish();
  }

  async #listen(): Promise<void> {
    for (let frame = await this.#connection.next(); frame !== undefined; frame = await this.#connection.next()) {
      const message = parseToRank(frame.header);
      if (message?.kind === 'gathered') this.#settle(message.sizes, frame.body);
      else this.#fail(message?.kind === 'lost' ? lostError(message) : rankGone(0, 'it has sent what is no message'));
    }
    this.#fail(rankGone(0, await this.#connection.ended));
  }

  #settle(sizes: readonly number[], body: Uint8Array): void {
    const first = this.#waiting.shift();
    if (first === undefined) return;
    clearTimeout(first.timer);
    this.#ended = first.what === theEnd;
    let end = 0;
    first.resolve(sizes.map((size) => body.subarray(end, (end += size))));
  }

  /** Loses the group. Again, or after its end: nothing. */
  #fail(error: InfinitileError): void {
    if (this.#error !== undefined || this.#ended) return;
    this.#error = error;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
    this.#lost.abort(error);
    void this.#connection.finish();
  }

  #send(message: ToHub, body?: Uint8Array): void {
    this.#connection.send(message, body);
  }
}

interface Waiting {
  readonly what: string;
  readonly resolve: (parts: readonly Uint8Array[]) => void;
  readonly reject: (error: InfinitileError) => void;
  readonly timer: NodeJS.Timeout;
}
