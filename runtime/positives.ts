import type { PairwiseLoss, SoftmaxTerm } from '../dsl/loss.js';

/** The relation of positives over N rows and M columns, and the weights that follow from it. */
export interface PositiveRelation {
  /** The global column of each row's positive, -1 where it has none. Absent on a full diagonal. */
  readonly map?: Int32Array;
  /** w_i and w_j of the matched rows and columns. */
  readonly rowWeight: number;
  readonly colWeight: number;
  /** 1 for a matched row (column), 0 for one that is skipped; absent where all are matched by construction. */
  readonly rowMatched?: Float32Array;
  readonly colMatched?: Float32Array;
  /** p_i: what the softmax terms subtract from G at the positive of row i. */
  readonly positiveWeight: Float32Array;
  /** Rows and columns without a positive, where the loss refuses them; the first is `first`. */
  readonly unmatchedRows: Unmatched;
  readonly unmatchedCols: Unmatched;
}

export interface Unmatched {
  readonly count: number;
  readonly first: number;
}

/**
 * Weights of section 1: row i weighs w_i and subtracts it at its positive; column j weighs w_j and subtracts w_j / |P(j)| at
 * each of its positives. A mean counts the matched rows (columns) only.
 */
export function relatePositives(loss: PairwiseLoss, n: number, m: number, map: Int32Array | undefined): PositiveRelation {
  const positiveOf = map === undefined ? (row: number) => (row < m ? row : -1) : (row: number) => map[row] ?? -1;
  const rowsPerCol = new Int32Array(m);
  let matchedRows = 0;
  let firstRow = -1;
  for (let row = 0; row < n; row += 1) {
    const col = positiveOf(row);
    if (col >= 0) {
      matchedRows += 1;
      rowsPerCol[col] = (rowsPerCol[col] ?? 0) + 1;
    } else if (firstRow < 0) firstRow = row;
  }
  let matchedCols = 0;
  for (const count of rowsPerCol) if (count > 0) matchedCols += 1;
  const rowWeight = weightOf(loss.rows, matchedRows);
  const colWeight = weightOf(loss.cols, matchedCols);
  const positiveWeight = new Float32Array(n);
  for (let row = 0; row < n; row += 1) {
    const col = positiveOf(row);
    if (col >= 0) positiveWeight[row] = rowWeight + colWeight / (rowsPerCol[col] ?? 1);
  }
  return {
    ...(map === undefined ? {} : { map, ...matchedFlags(map, rowsPerCol) }),
    rowWeight,
    colWeight,
    positiveWeight,
    unmatchedRows: { count: loss.rows?.unmatched === 'refuse' ? n - matchedRows : 0, first: firstRow },
    unmatchedCols: { count: loss.cols?.unmatched === 'refuse' ? m - matchedCols : 0, first: rowsPerCol.indexOf(0) },
  };
}

/** The diagonal written as a map, for losses whose kernels need one: rows beyond the last column have no positive. */
export function diagonalMap(n: number, m: number): Int32Array {
  return Int32Array.from({ length: n }, (_, row) => (row < m ? row : -1));
}

function weightOf(term: SoftmaxTerm | undefined, matched: number): number {
  if (term === undefined) return 0;
  return term.reduction === 'mean' ? term.weight / Math.max(matched, 1) : term.weight;
}

function matchedFlags(map: Int32Array, rowsPerCol: Int32Array): { rowMatched: Float32Array; colMatched: Float32Array } {
  return { rowMatched: Float32Array.from(map, (col) => (col >= 0 ? 1 : 0)), colMatched: Float32Array.from(rowsPerCol, (count) => (count > 0 ? 1 : 0)) };
}
