import type { Precision } from '../../dsl/problem.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { RunInputs } from '../inputs.js';
import { matrixShape, type MatrixShape } from '../matrix-shape.js';
import { checkSameDim, matrixSource, openTensor, tensorLocation, type TensorFile } from '../tensor/tensor.js';

export interface InputFiles {
  /** What a session is given. */
  readonly given: Omit<RunInputs, 'params' | 'convert'>;
  /** The matrix of the loss over them. */
  readonly shape: MatrixShape;
  /** Rows of the tensors. */
  readonly queries: number;
  readonly keys: number;
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
export async function openInputs(loss: PairwiseLoss, flags: InputFlags): Promise<InputFiles> {
  const [q, k] = [await openTensor(flags.queries), await openOptional(flags.keys)];
  const [guideQueries, guideKeys] = [await openOptional(flags.guideQueries), await openOptional(flags.guideKeys)];
  const positives = await openOptional(flags.positives);
  const expected = { precision: flags.precision ?? 'f32' };
  const queries = matrixSource('queries', q, expected);
  const keys = k === undefined ? undefined : matrixSource('keys', k, expected);
  if (keys !== undefined) checkSameDim(queries, keys);
  if (flags.precision === undefined && keys !== undefined && k !== undefined && queries.precision !== keys.precision) throw twoPrecisions(q, queries.precision, k, keys.precision);
  return {
    given: {
      q,
      ...(k === undefined ? {} : { k }),
      ...(guideQueries === undefined ? {} : { guide: { q: guideQueries, ...(guideKeys === undefined ? {} : { k: guideKeys }) } }),
      ...(positives === undefined ? {} : { positives }),
      rows: await openAll(flags.rows ?? {}),
      cols: await openAll(flags.cols ?? {}),
    },
    shape: matrixShape(loss, { queries: queries.rows, keys: keys?.rows ?? 0 }),
    queries: queries.rows,
    keys: keys?.rows ?? 0,
    dim: queries.dim,
    ...(guideQueries === undefined ? {} : { guideDim: matrixSource('guide queries', guideQueries, expected).dim }),
    precision: flags.precision ?? queries.precision,
  };
}

async function openOptional(file: string | undefined): Promise<TensorFile | undefined> {
  return file === undefined ? undefined : openTensor(file);
}

async function openAll(files: NamedFiles): Promise<Readonly<Record<string, TensorFile>>> {
  return Object.fromEntries(await Promise.all(Object.entries(files).map(async ([name, file]) => [name, await openTensor(file)] as const)));
}

function twoPrecisions(queries: TensorFile, first: Precision, keys: TensorFile, second: Precision): InfinitileError {
  return new InfinitileError({
    code: 'INF4005',
    message: `queries (${tensorLocation(queries)}) hold ${first}, keys (${tensorLocation(keys)}) hold ${second}`,
    hint: `say which to compute in, and the other is converted: --precision ${first} or --precision ${second}`,
  });
}
