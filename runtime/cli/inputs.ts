import { isStacked } from '../../codegen/plan/needs.js';
import type { Precision } from '../../dsl/problem.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { InfinitileError, type DiagnosticCode } from '../../dsl/diagnostics/index.js';
import type { RunInputs } from '../inputs.js';
import { matrixShape, type MatrixShape } from '../matrix-shape.js';
import { checkSameDim, matrixSource, openTensor, rowsOf, tensorLocation, type TensorFile } from '../tensor/tensor.js';
import type { Communicator } from '../transport/communicator.js';
import { partOf, type Part } from './run/part.js';

export interface InputFiles {
  /** What a session is given: a rank's part of the files. */
  readonly given: Omit<RunInputs, 'params' | 'convert'>;
  /** The matrix of the loss over them, of all ranks. */
  readonly shape: MatrixShape;
  /** The rank's rows of the tensors, and of the matrix its rows and columns. */
  readonly parts: Readonly<Record<'queries' | 'keys' | 'row' | 'col', Part>>;
  readonly dim: number;
  readonly guideDim?: number;
  /** What is computed in: as asked for, else as the files are stored. */
  readonly precision: Precision;
}

/** Files by the names of attributes. */
export type NamedFiles = Readonly<Record<string, string>>;

export interface InputFlags {
  readonly queries: string;
  readonly keys?: string;
  readonly guideQueries?: string;
  readonly guideKeys?: string;
  readonly rows?: NamedFiles;
  readonly cols?: NamedFiles;
  readonly positives?: string;
  readonly precision?: Precision;
}

/** Opens the files of a run and reads their headers. What the loss needs and what it has no use for is told by the session. */
export async function openInputs(loss: PairwiseLoss, flags: InputFlags, ring: Communicator): Promise<InputFiles> {
  const [q, k] = [await openTensor(flags.queries), await openOptional(flags.keys)];
  const [guideQueries, guideKeys] = [await openOptional(flags.guideQueries), await openOptional(flags.guideKeys)];
  const positives = await openOptional(flags.positives);
  const expected = { precision: flags.precision ?? 'f32' };
  const queries = matrixSource('queries', q, expected);
  const keys = k === undefined ? undefined : matrixSource('keys', k, expected);
  if (keys !== undefined) checkSameDim(queries, keys);
  if (flags.precision === undefined && keys !== undefined && k !== undefined && queries.precision !== keys.precision) throw twoPrecisions(q, queries.precision, k, keys.precision);
  const shape = matrixShape(loss, { queries: queries.rows, keys: keys?.rows ?? 0 });
  const parts = partsOf(loss, queries.rows, keys?.rows ?? 0, shape, ring);
  const take = (code: DiagnosticCode, name: string, file: TensorFile, part: Part): TensorFile => (ring.ranks === 1 ? file : ownRows(code, name, file, part));
  return {
    given: {
      q: take('INF4001', 'queries', q, parts.queries),
      ...(k === undefined ? {} : { k: take('INF4001', 'keys', k, parts.keys) }),
      ...(guideQueries === undefined
        ? {}
        : { guide: { q: take('INF4016', 'guide queries', guideQueries, parts.queries), ...(guideKeys === undefined ? {} : { k: take('INF4016', 'guide keys', guideKeys, parts.keys) }) } }),
      ...(positives === undefined ? {} : { positives: take('INF4006', 'positives', positives, parts.row) }),
      rows: await openAll(flags.rows ?? {}, (name, file) => take('INF4015', `attribute rows.${name}`, file, parts.row)),
      cols: await openAll(flags.cols ?? {}, (name, file) => take('INF4015', `attribute cols.${name}`, file, parts.col)),
    },
    shape,
    parts,
    dim: queries.dim,
    ...(guideQueries === undefined ? {} : { guideDim: matrixSource('guide queries', guideQueries, expected).dim }),
    precision: flags.precision ?? queries.precision,
  };
}

function partsOf(loss: PairwiseLoss, queries: number, keys: number, { n, m }: MatrixShape, ring: Communicator): InputFiles['parts'] {
  const [ofQueries, ofKeys] = [partOf(queries, ring), partOf(keys, ring)];
  // Stacked tensors are not shared: a ring of more ranks than one refuses them.
  if (isStacked(loss)) return { queries: ofQueries, keys: ofKeys, row: { first: 0, count: n, total: n }, col: { first: 0, count: m, total: m } };
  return { queries: ofQueries, keys: ofKeys, row: ofQueries, col: ofKeys };
}

/** A session sees only these rows, so whether the whole file has as many as it should is seen here. */
function ownRows(code: DiagnosticCode, name: string, file: TensorFile, { first, count, total }: Part): TensorFile {
  const rows = file.shape[0] ?? 1;
  if (rows === total) return rowsOf(file, first, count);
  throw new InfinitileError({ code, message: `${name} (${tensorLocation(file)}) has ${rows} rows; the ranks share ${total}`, hint: 'one for each query, or for each key, is needed' });
}

async function openOptional(file: string | undefined): Promise<TensorFile | undefined> {
  return file === undefined ? undefined : openTensor(file);
}

async function openAll(files: NamedFiles, take: (name: string, file: TensorFile) => TensorFile): Promise<Readonly<Record<string, TensorFile>>> {
  return Object.fromEntries(await Promise.all(Object.entries(files).map(async ([name, file]) => [name, take(name, await openTensor(file))] as const)));
}

function twoPrecisions(queries: TensorFile, first: Precision, keys: TensorFile, second: Precision): InfinitileError {
  return new InfinitileError({
    code: 'INF4005',
    message: `queries (${tensorLocation(queries)}) hold ${first}, keys (${tensorLocation(keys)}) hold ${second}`,
    hint: `say which to compute in, and the other is converted: --precision ${first} or --precision ${second}`,
  });
}
