import type { Socket } from 'node:net';
import { messageOf } from '../device/errors.js';
import { encodeFrame, FrameReader, type Frame } from './frames.js';

/** Milliseconds that the other side has to end a connection that this one has ended. */
const farewell = 1000;

/** Of someone not known yet. */
const strangersLimits = { header: 4096, body: 0 };

/** Headers hold a number for each of thousands of ranks. */
const ranksLimits = { header: 2 ** 20, body: 2 ** 31 };

/** A TCP connection that carries frames. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new FrameReader(strangersLimits);
  readonly #queue: Frame[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  /** How it has ended, such as "it has closed its connection". */
  readonly ended: Promise<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    // A machine that is switched off sends no end.
    socket.setKeepAlive(true, 10_000);
    this.ended = this.#read();
  }

  /** `10.0.0.4:52110`. */
  get peer(): string {
    return `${this.#socket.remoteAddress ?? 'an address that is gone'}:${this.#socket.remotePort ?? ''}`;
  }

  /** The other side is a rank: its frames may be large. */
  trust(): void {
    this.#reader.widen(ranksLimits);
  }

  send(header: object, body?: Uint8Array): void {
    this.sendEncoded(encodeFrame(header, body));
  }

  /** What was sent to another connection too. */
  sendEncoded(frame: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }

  /** The next frame, or undefined where it has ended. */
  async next(): Promise<Frame | undefined> {
    while (this.#queue.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#queue.shift();
  }

  /** Ends it, once what was sent is on its way. The other side is given a moment to do so too, for which Node.js does not stay. */
  async finish(): Promise<void> {
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.drop(), farewell);
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end(() => resolve());
    });
    timer.unref();
    this.#socket.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends it at once. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Reads until its end, so that this is noticed when nobody waits for a frame. What is no frame ends it. */
  async #read(): Promise<string> {
    try {
      for await (const piece of this.#socket as AsyncIterable<Buffer>) {
        this.#queue.push(...this.#reader.push(piece));
        this.#wake?.();
      }
      return 'it has closed its connection';
    } catch (error) {
      return `its connection broke (${messageOf(error)})`;
    } finally {
      this.#over = true;
      this.#wake?.();
    }
  }
}
