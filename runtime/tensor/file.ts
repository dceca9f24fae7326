import { open, stat, type FileHandle } from 'node:fs/promises';
import { elementSize, type ElementType } from './element.js';
import { badFormat, rowsOutOfRange, truncated, unknownFormat, unreadable } from './errors.js';
import { dataBytes, npyHeaderRange, npyMagic, npyPrefixBytes, parseNpyHeader } from './npy.js';
import { largestHeader, parseSafetensorsHeader, safetensorsPrefixBytes } from './safetensors.js';

/** A tensor in a file: its header has been read and checked, its data stays where it is until it is asked for. */
export interface TensorFile {
  readonly kind: 'tensorFile';
  readonly path: string;
  readonly format: 'npy' | 'safetensors';
  /** In a .safetensors file: which of its tensors. */
  readonly tensor?: string;
  readonly element: ElementType;
  /** The first extent is the outermost: rows. */
  readonly shape: readonly number[];
  /** Where the data starts, in bytes, and how long it is. */
  readonly offset: number;
  readonly bytes: number;
  /** Of a part of the rows, see {@link rowsOf}: the number of its first row in the file. */
  readonly firstRow?: number;
}

/** Takes a piece of the data; `offset` counts bytes from the first row asked for. The piece is reused after the promise settles. */
export type PieceSink = (piece: Uint8Array, offset: number) => void | Promise<void>;

export interface ReadOptions {
  /** Size of a piece in bytes; two of them exist at a time. */
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

const defaultPiece = 16 * 2 ** 20;

/** Opens `file.npy`, `file.safetensors` (of one tensor) or `file.safetensors#tensor`. Reads the header only. */
export async function openTensor(location: string): Promise<TensorFile> {
  const { path, tensor } = splitLocation(location);
  const handle = await openForReading(path);
  try {
    const { size } = await handle.stat();
    const prefix = await readUpTo(handle, 0, Math.min(size, npyPrefixBytes));
    switch (formatOf(path, prefix)) {
      case 'npy':
        return await openNpy(handle, path, size, prefix);
      case 'safetensors':
        return await openSafetensors(handle, path, size, prefix, tensor);
    }
  } finally {
    await handle.close();
  }
}

export function isTensorFile(value: unknown): value is TensorFile {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensorFile';
}

/** `file.npy`, or `file.safetensors#tensor`: what {@link openTensor} opens again. */
export function tensorLocation(file: TensorFile): string {
  return file.tensor === undefined ? file.path : `${file.path}#${file.tensor}`;
}

/**
 * The rows [first, first + count) of a tensor, taken wherever the whole is: nothing else of the file is read, and messages number rows
 * as the file does. A part may have no rows.
 */
export function rowsOf(file: TensorFile, first: number, count: number): TensorFile {
  const [rows = 1, ...inner] = file.shape;
  if (first < 0 || count < 0 || first + count > rows) throw rowsOutOfRange(tensorLocation(file), first, count, rows);
  const rowBytes = bytesOfRow(file);
  return { ...file, shape: [count, ...inner], offset: file.offset + first * rowBytes, bytes: count * rowBytes, firstRow: (file.firstRow ?? 0) + first };
}

/**
 * Streams rows to `sink`, piece by piece and in order: the next piece is read while the sink takes the last one. Nothing
 * larger than a piece is held, so a file may be larger than any buffer. Pieces end between elements, not between rows.
 */
export async function readRows(file: TensorFile, firstRow: number, rowCount: number, sink: PieceSink, options: ReadOptions = {}): Promise<void> {
  const rows = file.shape[0] ?? 1;
  if (firstRow < 0 || rowCount < 0 || firstRow + rowCount > rows) throw rowsOutOfRange(tensorLocation(file), firstRow, rowCount, rows);
  const rowBytes = bytesOfRow(file);
  const total = rowCount * rowBytes;
  if (total === 0) return;
  const size = elementSize[file.element];
  const piece = Math.min(total, Math.max(size, Math.floor((options.pieceBytes ?? defaultPiece) / size) * size));
  const start = file.offset + firstRow * rowBytes;
  const handle = await openForReading(file.path);
  let taking: Promise<void> = Promise.resolve();
  try {
    const found = (await handle.stat()).size;
    if (found < file.offset + file.bytes) throw truncated(file.path, file.offset + file.bytes, found);
    const buffers = [Buffer.allocUnsafeSlow(piece), Buffer.allocUnsafeSlow(total > piece ? piece : 0)];
    for (let offset = 0; offset < total; offset += piece) {
      options.signal?.throwIfAborted();
      const buffer = (buffers[(offset / piece) % 2] ?? Buffer.alloc(0)).subarray(0, Math.min(piece, total - offset));
      await readInto(handle, file, buffer, start + offset);
      await taking;
      taking = take(sink, buffer, offset);
      // The failure is thrown where it is awaited; until then it must not count as unhandled.
      taking.catch(() => undefined);
    }
    await taking;
  } finally {
    await taking.catch(() => undefined);
    await handle.close();
  }
}

function bytesOfRow({ bytes, shape: [rows = 1] }: TensorFile): number {
  return rows === 0 ? 0 : bytes / rows;
}

async function take(sink: PieceSink, piece: Uint8Array, offset: number): Promise<void> {
  await sink(piece, offset);
}

function splitLocation(location: string): { readonly path: string; readonly tensor: string | undefined } {
  const mark = location.indexOf('.safetensors#');
  if (mark < 0) return { path: location, tensor: undefined };
  const end = mark + '.safetensors'.length;
  return { path: location.slice(0, end), tensor: location.slice(end + 1) };
}

const startsAsJson = (prefix: Buffer) => prefix.toString('latin1', safetensorsPrefixBytes, safetensorsPrefixBytes + 1) === '{';

/** By name where the name says it, else by content. */
function formatOf(path: string, prefix: Buffer): 'npy' | 'safetensors' {
  if (/\.npy$/i.test(path) || prefix.subarray(0, npyMagic.length).equals(npyMagic)) return 'npy';
  if (/\.safetensors$/i.test(path) || startsAsJson(prefix)) return 'safetensors';
  throw unknownFormat(path);
}

async function openNpy(handle: FileHandle, path: string, size: number, prefix: Buffer): Promise<TensorFile> {
  if (size < npyPrefixBytes && npyMagic.subarray(0, size).equals(prefix.subarray(0, npyMagic.length))) throw truncated(path, 64, size);
  const range = npyHeaderRange(path, prefix);
  if (range.end > size) throw truncated(path, range.end, size);
  const header = parseNpyHeader(path, (await readUpTo(handle, range.start, range.end - range.start)).toString('utf8'));
  const bytes = dataBytes(header.element, header.shape);
  checkSize(path, '.npy', range.end + bytes, size);
  return { kind: 'tensorFile', path, format: 'npy', element: header.element, shape: header.shape, offset: range.end, bytes };
}

async function openSafetensors(handle: FileHandle, path: string, size: number, prefix: Buffer, tensor: string | undefined): Promise<TensorFile> {
  if (size < safetensorsPrefixBytes) throw truncated(path, safetensorsPrefixBytes, size);
  const length = prefix.readBigUInt64LE(0);
  if (length > BigInt(largestHeader)) throw badFormat(path, '.safetensors', `its header would take ${length} bytes`);
  const start = safetensorsPrefixBytes + Number(length);
  if (start > size) throw truncated(path, start, size);
  const header = parseSafetensorsHeader(path, (await readUpTo(handle, safetensorsPrefixBytes, Number(length))).toString('utf8'));
  checkSize(path, '.safetensors', start + header.dataBytes, size);
  const entry = header.entry(tensor);
  return {
    kind: 'tensorFile', path, format: 'safetensors', tensor: entry.name, element: entry.element, shape: entry.shape,
    offset: start + entry.begin, bytes: entry.end - entry.begin,
  };
}

function checkSize(path: string, format: '.npy' | '.safetensors', expected: number, actual: number): void {
  if (actual < expected) throw truncated(path, expected, actual);
  if (actual > expected) throw badFormat(path, format, `${actual - expected} bytes follow the data that its header announces`);
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error(found.isDirectory() ? 'it is a directory' : 'it is not a regular file');
    return await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readInto(handle: FileHandle, file: TensorFile, buffer: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw truncated(file.path, file.offset + file.bytes, position + done);
    done += bytesRead;
  }
}

/** The bytes there are: fewer than asked for at the end of the file. */
async function readUpTo(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
