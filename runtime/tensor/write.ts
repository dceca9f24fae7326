import { writeFileAtomically, writeView } from './atomic-file.js';
import { printShape, type ElementType } from './element.js';
import { isSystemError, unwritable } from './errors.js';
import { dataBytes, npyHeader } from './npy.js';

export interface NpyContent {
  readonly element: ElementType;
  readonly shape: readonly number[];
  /** The data in order, in pieces that together fill the shape. */
  readonly pieces: Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;
}

/**
 * Writes an .npy file. It appears when all of it is there: on an error or an abort nothing does, and a file of that name stays
 * as it was.
 */
export async function writeNpy(path: string, content: NpyContent, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
  const { element, shape } = content;
  const expected = dataBytes(element, shape);
  try {
    await writeFileAtomically(path, async (handle) => {
      await writeView(handle, npyHeader(element, shape));
      let written = 0;
      for await (const piece of content.pieces) {
        options.signal?.throwIfAborted();
        written += piece.byteLength;
        if (written > expected) break;
        await writeView(handle, piece);
      }
      options.signal?.throwIfAborted();
      if (written !== expected) {
        const held = written > expected ? 'more' : written;
        throw new RangeError(`${path}: ${printShape(shape)} of ${element} takes ${expected} bytes; the pieces hold ${held}`);
      }
    });
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  }
}
