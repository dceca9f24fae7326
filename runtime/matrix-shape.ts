import { isStacked } from '../codegen/plan/needs.js';
import { unstacked, type Stack } from '../codegen/plan/bind.js';
import type { PairwiseLoss, Tensor } from '../dsl/loss.js';

/** The matrix of a loss: its rows and columns, and where they lie when tensors are stacked. */
export interface MatrixShape extends Stack {
  readonly n: number;
  readonly m: number;
}

/** Rows of the queries and of the keys; of a tensor that the loss does not name, 0. */
export interface TensorRows {
  readonly queries: number;
  readonly keys: number;
}

export function matrixShape(loss: PairwiseLoss, rows: TensorRows): MatrixShape {
  if (!isStacked(loss)) return { n: rows.queries, m: rows.keys, ...unstacked };
  const stack = rows.queries + rows.keys;
  const range = (tensors: readonly Tensor[]) => ({
    start: tensors.includes('queries') ? 0 : rows.queries,
    length: tensors.reduce((sum, tensor) => sum + rows[tensor], 0),
  });
  const [row, col] = [range(loss.between.rows), range(loss.between.cols)];
  return { n: row.length, m: col.length, stack, split: rows.queries, rowStart: row.start, colStart: col.start };
}

/** Whether rows or columns of the loss are of this tensor. */
export function usesTensor({ between }: PairwiseLoss, tensor: Tensor): boolean {
  return between.rows.includes(tensor) || between.cols.includes(tensor);
}

/** Number in its own tensor, and the tensor: what lambdas read of a row (column) of the matrix. */
export function placeOf(shape: MatrixShape, side: 'row' | 'col', number: number): { readonly index: number; readonly view: number } {
  if (shape.stack === 0) return { index: number, view: side === 'row' ? 0 : 1 };
  const place = number + (side === 'row' ? shape.rowStart : shape.colStart);
  return place < shape.split ? { index: place, view: 0 } : { index: place - shape.split, view: 1 };
}

/** The column of the same number in the other tensor; -1 where that is no column. */
export function counterpartOf({ split, stack, rowStart, colStart, m }: MatrixShape, row: number): number {
  if (stack === 0) return row < m ? row : -1;
  const place = rowStart + row;
  const other = place < split ? place + split : place - split;
  const col = other - colStart;
  return other < stack && col >= 0 && col < m ? col : -1;
}
