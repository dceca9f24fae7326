import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { MatrixShape, TensorRows } from '../../matrix-shape.js';
import { evenRankShape, segmentsOf, type Segment } from '../../ring/rank-shape.js';
import type { Communicator } from '../../transport/communicator.js';

/** What one rank has of a run's inputs and results. */
export interface RankParts {
  /** The matrix of all ranks. */
  readonly whole: MatrixShape;
  /** Of the tensors, and of the matrix's rows and columns. */
  readonly queries: Part;
  readonly keys: Part;
  readonly row: Part;
  readonly col: Part;
}

/** Of `total` rows those in the runs, in this order: one run, or where tensors are stacked one of each. */
export interface Part {
  readonly runs: readonly Run[];
  readonly total: number;
}

/** The rows [first, first + count). */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/** Queries and keys are shared out evenly, rank after rank. */
export function partsOf(loss: PairwiseLoss, rows: TensorRows, of: Pick<Communicator, 'rank' | 'ranks'>): RankParts {
  const shape = evenRankShape(loss, rows, of);
  const { rank, whole, firstQuery, firstKey } = shape;
  const own = shape.tensors[rank] ?? { queries: 0, keys: 0 };
  return {
    whole,
    queries: { runs: [{ first: firstQuery, count: own.queries }], total: rows.queries },
    keys: { runs: [{ first: firstKey, count: own.keys }], total: rows.keys },
    row: { runs: segmentsOf(loss, shape, 'row', rank).map(inWhole), total: whole.n },
    col: { runs: segmentsOf(loss, shape, 'col', rank).map(inWhole), total: whole.m },
  };
}

function inWhole({ first, count, shift }: Segment): Run {
  return { first: first + shift, count };
}
