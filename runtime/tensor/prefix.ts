import { elementSize } from './element.js';
import type { MatrixSource } from './matrix.js';

/** The first `dim` numbers of each row. */
export function prefixMatrix(source: MatrixSource, dim: number): MatrixSource {
  if (source.dim === dim) return source;
  const size = elementSize[source.precision];
  const [whole, kept] = [source.dim * size, dim * size];
  return {
    ...source,
    dim,
    stream: (firstRow, rowCount, sink, options) => source.stream(firstRow, rowCount, (piece, offset) => forEachPrefix(piece, offset, whole, kept, sink), options),
    load: (buffer, options = {}) => {
      const base = options.offset ?? 0;
      const write = (piece: ArrayBufferView, offset: number): Promise<void> =>
        forEachPrefix(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), offset - base, whole, kept, (prefix, at) => buffer.write(prefix, base + at));
      return source.load({ write }, options);
    },
  };
}

/** Cuts what a piece of whole rows, begun and ended anywhere, holds of their prefixes, and hands it on in one piece. */
async function forEachPrefix(piece: Uint8Array, offset: number, whole: number, kept: number, sink: (prefix: Uint8Array, offset: number) => unknown): Promise<void> {
  const parts: Uint8Array[] = [];
  let first: number | undefined;
  for (let at = offset; at < offset + piece.length; ) {
    const [row, within] = [Math.floor(at / whole), at % whole];
    const end = Math.min(offset + piece.length, (row + 1) * whole);
    const length = Math.min(kept - within, end - at);
    if (length > 0) {
      first ??= row * kept + within;
      parts.push(piece.subarray(at - offset, at - offset + length));
    }
    at = end;
  }
  if (first === undefined) return;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    joined.set(part, to);
    to += part.length;
  }
  await sink(joined, first);
}
