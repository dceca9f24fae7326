import { positivesForm } from '../codegen/plan/positives.js';
import type { Precision } from '../dsl/problem.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import { DiagnosticCollector, InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import { positiveMistakes } from './check-inputs.js';
import { diagonalMap, relatePositives, type PositiveRelation } from './positives.js';
import type { Parameters } from './scalars.js';
import { indexMap, type IndexMapValue } from './tensor/index-map.js';
import { checkPrecision, checkSameDim, convertMatrix, matrixSource, type MatrixSource, type MatrixValue } from './tensor/matrix.js';

/** What a run is given. */
export interface RunInputs {
  /** Queries [N, D] and keys [M, D]; rows are embeddings. */
  readonly q: MatrixValue;
  readonly k: MatrixValue;
  /** A value for every learned scalar of the loss. */
  readonly params?: Parameters;
  /** For a loss with an index map: the key of each query's positive, -1 for none. */
  readonly positives?: IndexMapValue;
  /** Convert inputs of another precision while they load, instead of refusing them. */
  readonly convert?: boolean;
}

/** Checked inputs, not yet loaded. */
export interface SessionInputs {
  readonly loss: PairwiseLoss;
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  readonly queries: MatrixSource;
  readonly keys: MatrixSource;
  readonly relation: PositiveRelation;
}

/** @throws {InfinitileError} with every mistake that can be seen without reading the rows. */
export async function prepareInputs(loss: PairwiseLoss, kernel: { readonly dim: number; readonly precision: Precision }, inputs: RunInputs): Promise<SessionInputs> {
  const [queries, keys] = both(
    () => source('q', inputs.q, kernel, inputs.convert === true),
    () => source('k', inputs.k, kernel, inputs.convert === true),
  );
  checkSameDim(queries, keys);
  if (queries.dim !== kernel.dim) throw new InfinitileError([wrongDepth(queries, kernel.dim)]);
  const [n, m] = [queries.rows, keys.rows];
  const relation = relatePositives(loss, n, m, await positiveMap(loss, n, m, inputs.positives));
  const unmatched = positiveMistakes(loss, n, m, relation);
  if (unmatched.length > 0) throw new InfinitileError(unmatched);
  return { loss, n, m, dim: kernel.dim, queries, keys, relation };
}

/** The results of both, or one error with the mistakes of both. */
function both<T>(first: () => T, second: () => T): readonly [T, T] {
  const mistakes = new DiagnosticCollector();
  const made = [first, second].flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof InfinitileError)) throw error;
      mistakes.add(...error.diagnostics);
      return [];
    }
  });
  mistakes.report();
  const [a, b] = made;
  if (a === undefined || b === undefined) throw new Error('a value that was not made has left no diagnostic');
  return [a, b];
}

function wrongDepth({ name, dim }: MatrixSource, compiled: number): Diagnostic {
  return {
    code: 'INF4002',
    message: `${name} has rows of ${dim} numbers; the kernel was compiled for ${compiled}`,
    hint: `compile with dim: ${dim}`,
  };
}

function source(name: string, value: MatrixValue, kernel: { readonly dim: number; readonly precision: Precision }, convert: boolean): MatrixSource {
  const found = matrixSource(name, value, kernel);
  if (convert) return convertMatrix(found, kernel.precision);
  checkPrecision(found, kernel.precision);
  return found;
}

async function positiveMap(loss: PairwiseLoss, n: number, m: number, given: IndexMapValue | undefined): Promise<Int32Array | undefined> {
  if (loss.positives.kind === 'indexMap') {
    if (given !== undefined) return indexMap('positives', given, { length: n, limit: m });
    throw new InfinitileError([
      { code: 'INF4012', message: `loss '${loss.name}' takes its positives from an index map, and none was given`, hint: 'give positives: an Int32Array with the key of each query' },
    ]);
  }
  if (given !== undefined) {
    throw new InfinitileError([
      { code: 'INF4012', message: `loss '${loss.name}' has its positives on the diagonal, and an index map was given`, hint: `use withPositives(${loss.name}, indexMap)` },
    ]);
  }
  return positivesForm(loss) === 'mapped' ? diagonalMap(n, m) : undefined;
}
