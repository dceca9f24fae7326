import { render } from '../../emit/render.js';
import type { Target } from '../../targets/target.js';

/** A GPU's compiled file: its machine code and, where other GPUs run the target too, the assembly that their drivers compile. */
export interface Image {
  readonly cubin: Uint8Array;
  readonly ptx?: Uint8Array;
}

/** Of the GPU targets, by the names of their files. */
export type Images = ReadonlyMap<Target, ReadonlyMap<string, Image>>;

/** Bytes as a C array of little-endian words; zeros behind them end a text. */
export function imageSource(header: string, symbol: string, bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil((bytes.length + 1) / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const words = Array.from({ length: padded.length / 8 }, (_, i) => `0x${view.getBigUint64(8 * i, true).toString(16)}`);
  return render('embed/c', 'image.c', { header, symbol, lines: rows(words, 8).map((row) => row.join(',')) });
}

function rows(words: readonly string[], length: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(words.length / length) }, (_, i) => words.slice(i * length, (i + 1) * length));
}
