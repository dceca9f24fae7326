import type { Precision } from '../../dsl/problem.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { InfinitileError, type DiagnosticCode } from '../../dsl/diagnostics/index.js';
import type { RunInputs } from '../inputs.js';
import { checkSameDim, matrixSource, openTensor, rowsOf, tensorLocation, type TensorFile } from '../tensor/tensor.js';
import type { Communicator } from '../transport/communicator.js';
import { partsOf, type Part, type RankParts } from './run/parts.js';

export interface InputFiles {
  /** What a session is given: the rank's part of the files. */
  readonly given: Omit<RunInputs, 'params' | 'convert'>;
  readonly parts: RankParts;
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
  const own = (code: DiagnosticCode, name: string, file: TensorFile, part: Part): TensorFile => (ring.ranks === 1 ? file : ownRows(code, name, file, part));
  const parts = partsOf(loss, { queries: queries.rows, keys: keys?.rows ?? 0 }, ring);
  return {
    given: {
      q: own('INF4001', 'queries', q, parts.queries),
      ...(k === undefined ? {} : { k: own('INF4001', 'keys', k, parts.keys) }),
      ...(guideQueries === undefined
        ? {}
        : { guide: { q: own('INF4016', 'guide queries', guideQueries, parts.queries), ...(guideKeys === undefined ? {} : { k: own('INF4016', 'guide keys', guideKeys, parts.keys) }) } }),
      ...(positives === undefined ? {} : { positives: own('INF4006', 'positives', positives, parts.row) }),
      rows: await openAll(flags.rows ?? {}, (name, file) => own('INF4015', `attribute rows.${name}`, file, parts.row)),
      cols: await openAll(flags.cols ?? {}, (name, file) => own('INF4015', `attribute cols.${name}`, file, parts.col)),
    },
    parts,
    dim: queries.dim,
    ...(guideQueries === undefined ? {} : { guideDim: matrixSource('guide queries', guideQueries, expected).dim }),
    precision: flags.precision ?? queries.precision,
  };
}

/** A session sees a rank's rows alone: whether the file has one for each of all is seen here. */
function ownRows(code: DiagnosticCode, name: string, file: TensorFile, { runs, total }: Part): TensorFile {
  const label = `${name} (${tensorLocation(file)})`;
  const rows = file.shape[0] ?? 1;
  if (rows !== total) throw new InfinitileError({ code, message: `${label} has ${rows} rows`, hint: `one each is needed: ${total}` });
  const [run, ...more] = runs;
  if (run === undefined || more.length > 0) throw new InfinitileError({ code, message: `${label} is of queries and keys, and a rank has some of both`, hint: 'run this loss on one rank' });
  return rowsOf(file, run.first, run.count);
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
