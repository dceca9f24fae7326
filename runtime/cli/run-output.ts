import { writeFile } from 'node:fs/promises';
import type { BySide } from '../kernel.js';
import { retrievalMetrics, type RetrievalMetrics } from '../retrieval-metrics.js';
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

/** Of numbers of rows: those that are left out do not count. */
export interface Summary {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** Likewise for the log sum exps of rows or columns. */
export async function takeLse(session: Session, side: 'row' | 'col', output: OutputDirectory | undefined, signal: AbortSignal): Promise<Summary> {
  return takeVector(await session.readLse(side), `${side}Lse`, output, signal);
}

/** And for what each of them adds to the loss. */
export async function takeValues(session: Session, side: 'row' | 'col', output: OutputDirectory | undefined, signal: AbortSignal): Promise<Summary | undefined> {
  const values = await session.readValues(side);
  return values === undefined ? undefined : takeVector(values, `${side}Values`, output, signal);
}

export type Recall = Omit<RetrievalMetrics, 'ranks'>;

/** Writes the ranks of positives, and gives the shares of those found. */
export async function takeRanks(session: Session, side: 'row' | 'col', output: OutputDirectory | undefined, signal: AbortSignal): Promise<Recall | undefined> {
  const metrics = retrievalMetrics(await session.readRanks(side));
  if (metrics === undefined) return undefined;
  const { ranks, ...recall } = metrics;
  if (output !== undefined) await writeNpy(output.file(`${side}Ranks.npy`), { element: 'i32', shape: [ranks.length], pieces: [ranks] }, { signal });
  return recall;
}

export async function takeBySide<T>(take: (side: 'row' | 'col') => Promise<T | undefined>): Promise<BySide<T>> {
  const [rows, cols] = [await take('row'), await take('col')];
  return { ...(rows === undefined ? {} : { rows }), ...(cols === undefined ? {} : { cols }) };
}

async function takeVector(values: Float64Array, name: string, output: OutputDirectory | undefined, signal: AbortSignal): Promise<Summary> {
  if (output !== undefined) await writeNpy(output.file(`${name}.npy`), { element: 'f64', shape: [values.length], pieces: [values] }, { signal });
  let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    count += 1;
  }
  return { min, mean: sum / count, max };
}

export async function writeResult(output: OutputDirectory, result: unknown): Promise<void> {
  await writeFile(output.file('result.json'), `${JSON.stringify(result, undefined, 2)}\n`, { flush: true });
}

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
