import type { Precision } from '../../dsl/problem.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { checkSameDim, matrixSource, openTensor, tensorLocation, type TensorFile } from '../tensor/tensor.js';

export interface InputFiles {
  readonly queries: TensorFile;
  readonly keys: TensorFile;
  readonly positives?: TensorFile;
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  /** What is computed in: as asked for, else as both files are stored. */
  readonly precision: Precision;
}

export interface InputFlags {
  readonly queries: string;
  readonly keys: string;
  readonly positives?: string;
  readonly precision?: Precision;
}

/** Opens the files of a run and reads their headers. */
export async function openInputs(flags: InputFlags): Promise<InputFiles> {
  const [queries, keys] = [await openTensor(flags.queries), await openTensor(flags.keys)];
  const positives = flags.positives === undefined ? undefined : await openTensor(flags.positives);
  const expected = { precision: flags.precision ?? 'f32' };
  const [q, k] = [matrixSource('queries', queries, expected), matrixSource('keys', keys, expected)];
  checkSameDim(q, k);
  if (flags.precision === undefined && q.precision !== k.precision) {
    throw new InfinitileError({
      code: 'INF4005',
      message: `queries (${tensorLocation(queries)}) hold ${q.precision}, keys (${tensorLocation(keys)}) hold ${k.precision}`,
      hint: `say which to compute in, and the other is converted: --precision ${q.precision} or --precision ${k.precision}`,
    });
  }
  return {
    queries,
    keys,
    ...(positives === undefined ? {} : { positives }),
    n: q.rows,
    m: k.rows,
    dim: q.dim,
    precision: flags.precision ?? q.precision,
  };
}
