import type { BySide } from '../../kernel.js';
import { countFound, recallOf, type Recall } from '../../retrieval-metrics.js';
import type { Session } from '../../session.js';
import type { NpyRows } from '../../tensor/tensor.js';
import type { Communicator } from '../../transport/communicator.js';
import { gatherNumbers } from '../../transport/agree.js';
import type { OutputDirectory } from './output-directory.js';
import type { Part } from './parts.js';

/** Takes a run's results off the device, rank by rank: each writes its own rows, where there is a place for them, and knows what they come to on all. */
export interface Taking {
  readonly ring: Communicator;
  readonly output: OutputDirectory | undefined;
  readonly signal: AbortSignal;
}

/** Bytes of a gradient that are on the host at once. */
const pieceBytes = 16 * 2 ** 20;

export interface GradientFacts {
  readonly name: 'dQueries' | 'dKeys';
  readonly part: Part;
  readonly dim: number;
}

/** Reads a gradient piece by piece, writes it, and gives the Euclidean norm of the whole. */
export async function takeGradient(session: Pick<Session, 'read'>, { name, part, dim }: GradientFacts, { ring, output, signal }: Taking): Promise<number> {
  let squares = 0;
  const read = async function* (begin: number, count: number): AsyncGenerator<Float32Array> {
    const most = Math.max(1, Math.floor(pieceBytes / (dim * 4)));
    for (let first = 0; first < count; first += most) {
      signal.throwIfAborted();
      const piece = new Float32Array(Math.min(most, count - first) * dim);
      await session.read(name, piece, begin + first);
      for (const value of piece) squares += value * value;
      yield piece;
    }
  };
  const rows = rowsOfPart(part, read);
  if (output === undefined) for (const { pieces } of rows) await drain(pieces);
  else await output.writeRows(name, { element: 'f32', shape: [part.total, dim] }, rows);
  const ofRanks = await gatherNumbers(ring, Float64Array.of(squares), `the norm of ${name}`);
  return Math.sqrt(ofRanks.reduce((sum, [own = 0]) => sum + own, 0));
}

/** Of numbers of rows: those that are left out do not count. */
export interface Summary {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** Likewise for the log sum exps of rows or columns. */
export async function takeLse(session: Pick<Session, 'readLse'>, side: 'row' | 'col', part: Part, taking: Taking): Promise<Summary> {
  return takeVector(await session.readLse(side), `${side}Lse`, part, taking);
}

/** And for what each of them adds to the loss. */
export async function takeValues(session: Pick<Session, 'readValues'>, side: 'row' | 'col', part: Part, taking: Taking): Promise<Summary | undefined> {
  const values = await session.readValues(side);
  return values === undefined ? undefined : takeVector(values, `${side}Values`, part, taking);
}

/** Writes the ranks of positives, and gives the shares of those found. */
export async function takeRanks(session: Pick<Session, 'readRanks'>, side: 'row' | 'col', part: Part, taking: Taking): Promise<Recall | undefined> {
  const ranks = await session.readRanks(side);
  if (ranks === undefined) return undefined;
  await writeVector(ranks, `${side}Ranks`, part, taking);
  return recallOf(await gatherNumbers(taking.ring, countFound(ranks), `the recall of ${side}s`));
}

export async function takeBySide<T>(take: (side: 'row' | 'col') => Promise<T | undefined>): Promise<BySide<T>> {
  const [rows, cols] = [await take('row'), await take('col')];
  return { ...(rows === undefined ? {} : { rows }), ...(cols === undefined ? {} : { cols }) };
}

async function takeVector(values: Float64Array, name: string, part: Part, taking: Taking): Promise<Summary> {
  await writeVector(values, name, part, taking);
  let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    count += 1;
  }
  const ofRanks = await gatherNumbers(taking.ring, Float64Array.of(min, max, sum, count), `the range of ${name}`);
  const total = (place: number): number => ofRanks.reduce((all, own) => all + (own[place] ?? 0), 0);
  return { min: Math.min(...ofRanks.map(([own = min]) => own)), mean: total(2) / total(3), max: Math.max(...ofRanks.map(([, own = max]) => own)) };
}

async function writeVector(values: Float64Array | Int32Array, name: string, part: Part, { output }: Taking): Promise<void> {
  const element = values instanceof Int32Array ? 'i32' : 'f64';
  await output?.writeRows(name, { element, shape: [part.total] }, rowsOfPart(part, (begin, count) => [values.subarray(begin, begin + count)]));
}

/** A rank's runs lie one after the other in what it has. */
function rowsOfPart<T extends NpyRows['pieces']>({ runs }: Part, read: (begin: number, count: number) => T): readonly (NpyRows & { readonly pieces: T })[] {
  let begin = 0;
  return runs.map(({ first, count }) => {
    const pieces = read(begin, count);
    begin += count;
    return { firstRow: first, rowCount: count, pieces };
  });
}

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
