import { writeFile } from 'node:fs/promises';
import type { Session } from '../session.js';
import { writeNpy } from '../tensor/tensor.js';
import type { OutputDirectory } from './output-directory.js';

/** Bytes of a gradient that are on the host at once. */
const pieceBytes = 16 * 2 ** 20;

export interface GradientFacts {
  readonly name: 'dQueries' | 'dKeys';
  readonly rows: number;
  readonly dim: number;
}

/** Reads a gradient off the device piece by piece, writes it where there is a place for it, and gives its Euclidean norm. */
export async function takeGradient(session: Session, { name, rows, dim }: GradientFacts, output: OutputDirectory | undefined, signal: AbortSignal): Promise<number> {
  let squares = 0;
  const pieces = async function* (): AsyncGenerator<Float32Array> {
    const most = Math.max(1, Math.floor(pieceBytes / (dim * 4)));
    for (let first = 0; first < rows; first += most) {
      signal.throwIfAborted();
      const piece = new Float32Array(Math.min(most, rows - first) * dim);
      await session.read(name, piece, first);
      for (const value of piece) squares += value * value;
      yield piece;
    }
  };
  if (output === undefined) await drain(pieces());
  else await writeNpy(output.file(`${name}.npy`), { element: 'f32', shape: [rows, dim], pieces: pieces() }, { signal });
  return Math.sqrt(squares);
}

export interface LseSummary {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** Likewise for the log sum exps of rows or columns. */
export async function takeLse(session: Session, side: 'row' | 'col', output: OutputDirectory | undefined, signal: AbortSignal): Promise<LseSummary> {
  const values = await session.readLse(side);
  if (output !== undefined) await writeNpy(output.file(`${side}Lse.npy`), { element: 'f64', shape: [values.length], pieces: [values] }, { signal });
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, mean: sum / values.length, max };
}

export async function writeResult(output: OutputDirectory, result: unknown): Promise<void> {
  await writeFile(output.file('result.json'), `${JSON.stringify(result, undefined, 2)}\n`, { flush: true });
}

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
