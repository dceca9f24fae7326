import { open, type FileHandle } from 'node:fs/promises';
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

/** The rows [firstRow, firstRow + rowCount) of a file; the pieces fill them. */
export interface NpyRows extends Pick<NpyContent, 'pieces'> {
  readonly firstRow: number;
  readonly rowCount: number;
}

/** What a header says. */
export type NpyForm = Pick<NpyContent, 'element' | 'shape'>;

interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes an .npy file. It appears when all of it is there: on an error or an abort nothing does, and a file of that name stays
 * as it was.
 */
export async function writeNpy(path: string, content: NpyContent, options: WriteOptions = {}): Promise<void> {
  const header = npyHeader(content.element, content.shape);
  await writing(path, () =>
    writeFileAtomically(path, async (handle) => {
      await writeView(handle, header);
      await writePieces(handle, path, content, header.length, options);
    }),
  );
}

/** Makes an .npy file for rows that come later, from several processes: its header, and room for all rows. It is there at once. */
export async function makeNpy(path: string, { element, shape }: NpyForm): Promise<void> {
  const header = npyHeader(element, shape);
  await writing(path, () =>
    opened(path, 'wx', async (handle) => {
      await writeView(handle, header);
      await handle.truncate(header.length + dataBytes(element, shape));
    }),
  );
}

/** Writes rows of a file that {@link makeNpy} has made in this form. Other processes may write other rows meanwhile. */
export async function writeNpyRows(path: string, { element, shape }: NpyForm, { firstRow, rowCount, pieces }: NpyRows, options: WriteOptions = {}): Promise<void> {
  const [, ...inner] = shape;
  const start = npyHeader(element, shape).length + dataBytes(element, [firstRow, ...inner]);
  await writing(path, () => opened(path, 'r+', (handle) => writePieces(handle, path, { element, shape: [rowCount, ...inner], pieces }, start, options)));
}

async function writePieces(handle: FileHandle, path: string, { element, shape, pieces }: NpyContent, start: number, { signal }: WriteOptions): Promise<void> {
  const expected = dataBytes(element, shape);
  let written = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    if (written + piece.byteLength > expected) throw unfilled(path, element, shape, expected, 'more');
    await writeView(handle, piece, start + written);
    written += piece.byteLength;
  }
  signal?.throwIfAborted();
  if (written !== expected) throw unfilled(path, element, shape, expected, written);
}

async function opened(path: string, flags: 'wx' | 'r+', work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags);
  try {
    await work(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  }
}

function unfilled(path: string, element: ElementType, shape: readonly number[], expected: number, held: number | 'more'): RangeError {
  return new RangeError(`${path}: ${printShape(shape)} of ${element} takes ${expected} bytes; the pieces hold ${held}`);
}
