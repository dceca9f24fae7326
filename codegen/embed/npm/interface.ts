import type { AttributeType, PairwiseLoss, Tensor } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import { isStacked } from '../../plan/needs.js';

/** What users of a package give and get, as the loss declares it. */
export interface PackageInterface {
  /** In the order in which they are given, and lie where they are stacked. */
  readonly tensors: readonly TensorArgument[];
  readonly guides: readonly TensorArgument[];
  /** Whether queries and keys are one matrix. */
  readonly stacked: boolean;
  readonly params: readonly string[];
  readonly rows: readonly VectorArgument[];
  readonly cols: readonly VectorArgument[];
  /** Whether positives are given as an index map. */
  readonly indexMap: boolean;
  /** Tensors whose rows are the rows of the matrix, and those whose rows are its columns. */
  readonly rowsOf: readonly TensorName[];
  readonly colsOf: readonly TensorName[];
  readonly embeddings: TypedArrayName;
}

export type TensorName = 'q' | 'k';
export type TypedArrayName = 'Float32Array' | 'Int32Array' | 'Uint16Array';

export interface TensorArgument {
  readonly name: TensorName;
  /** `queries [N, 512]`. */
  readonly what: string;
  readonly depth: number;
}

export interface VectorArgument {
  readonly name: string;
  readonly type: TypedArrayName;
}

export interface PackageProblem {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly guideDim?: number;
  readonly precision: Precision;
}

export function packageInterface({ loss, dim, guideDim = dim, precision }: PackageProblem): PackageInterface {
  const { rows, cols } = loss.between;
  const used = (['queries', 'keys'] as const).filter((tensor) => rows.includes(tensor) || cols.includes(tensor));
  const matrices = (depth: number): readonly TensorArgument[] => used.map((tensor) => ({ name: shortNames[tensor], what: `${tensor} [${counts[tensor]}, ${depth}]`, depth }));
  return {
    tensors: matrices(dim),
    guides: loss.guide ? matrices(guideDim) : [],
    stacked: isStacked(loss),
    params: loss.params,
    rows: vectorsOf(loss.attributes.rows),
    cols: vectorsOf(loss.attributes.cols),
    indexMap: loss.positives.kind === 'indexMap',
    rowsOf: rows.map((tensor) => shortNames[tensor]),
    colsOf: cols.map((tensor) => shortNames[tensor]),
    embeddings: precision === 'f32' ? 'Float32Array' : 'Uint16Array',
  };
}

const shortNames: Readonly<Record<Tensor, TensorName>> = { queries: 'q', keys: 'k' };
const counts: Readonly<Record<Tensor, string>> = { queries: 'N', keys: 'M' };
const vectorTypes: Readonly<Record<AttributeType, TypedArrayName>> = { i32: 'Int32Array', f32: 'Float32Array' };

function vectorsOf(types: Readonly<Record<string, AttributeType>>): readonly VectorArgument[] {
  return Object.entries(types).map(([name, type]) => ({ name, type: vectorTypes[type] }));
}
