/**
 * What ranks send each other over TCP: a header, which is JSON, and bytes. On the wire: the length of each in four bytes, little
 * endian, then both.
 */
export interface Frame {
  /** As it was parsed. */
  readonly header: unknown;
  readonly body: Uint8Array;
}

/** The most bytes of a frame that are taken. */
export interface FrameLimits {
  readonly header: number;
  readonly body: number;
}

const prefixBytes = 8;

export function encodeFrame(header: object, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(body.length, 4);
  return Buffer.concat([prefix, text, body]);
}

/** Frames from a stream of bytes, however it is cut. */
export class FrameReader {
  #limits: FrameLimits;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Bytes without which there is nothing to read: the prefix, or the frame. */
  #needed = prefixBytes;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Takes larger frames from now on. */
  widen(limits: FrameLimits): void {
    this.#limits = limits;
  }

  /**
   * The frames that the next piece of the stream completes.
   *
   * @throws {Error} when the stream is none of frames within the limits: it cannot be read any further.
   */
  *push(piece: Uint8Array): Generator<Frame, void, undefined> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= this.#needed) {
      const stream = Buffer.concat(this.#pieces);
      this.#pieces = [stream];
      const [header, body] = [stream.readUInt32LE(0), stream.readUInt32LE(4)];
      if (header > this.#limits.header || body > this.#limits.body) throw new Error(`a frame of ${header} + ${body} bytes is too large`);
      const end = prefixBytes + header + body;
      this.#needed = end;
      if (stream.length < end) continue;
      this.#pieces = [stream.subarray(end)];
      this.#bytes -= end;
      this.#needed = prefixBytes;
      yield { header: parseHeader(stream.toString('utf8', prefixBytes, prefixBytes + header)), body: Uint8Array.from(stream.subarray(prefixBytes + header, end)) };
    }
  }
}

function parseHeader(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the header of a frame is not JSON');
  }
}
