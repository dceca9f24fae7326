import type { Evaluator } from '../../dsl/expression/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Parameters } from '../scalars.js';
import type { Side } from './side.js';

/** The relation P. */
export interface PositivePairs {
  /** The column of each row's one positive, -1 where it has none. Absent where a row may have several. */
  readonly single?: Int32Array;
  /** The first row of which each column is the positive, -1 where there is none. */
  readonly firstRows?: Int32Array;
  readonly holds: (row: number, col: number) => boolean;
}

export interface RelatedSides {
  readonly loss: PairwiseLoss;
  readonly rows: Side;
  readonly cols: Side;
  readonly params: Parameters;
  readonly evaluator: (expression: PairwiseLoss['logit']) => Evaluator;
  /** The index map, where the loss takes one. */
  readonly map?: ArrayLike<number>;
}

export function relatePairs(given: RelatedSides): PositivePairs {
  const { loss, rows, cols, params, evaluator } = given;
  const { positives } = loss;
  if (positives.kind === 'where') {
    const where = evaluator(positives.where);
    return { holds: (row, col) => where({ row: rows.places[row] ?? {}, col: cols.places[col] ?? {}, params }) === 1 };
  }
  const columnOf = columnOfRow(given);
  const single = Int32Array.from({ length: rows.count }, (_, row) => {
    const col = columnOf(row);
    return Number.isInteger(col) && col >= 0 && col < cols.count ? col : -1;
  });
  const firstRows = new Int32Array(cols.count).fill(-1);
  single.forEach((col, row) => {
    if (firstRows[col] === -1) firstRows[col] = row;
  });
  return { single, firstRows, holds: (row, col) => single[row] === col };
}

function columnOfRow({ loss, rows, cols, params, evaluator, map }: RelatedSides): (row: number) => number {
  const { positives } = loss;
  switch (positives.kind) {
    case 'where':
      throw new Error('a condition gives a row any number of positives');
    case 'indexMap':
      return (row) => map?.[row] ?? -1;
    case 'diagonal':
      return (row) => row;
    case 'column': {
      const column = evaluator(positives.column);
      return (row) => column({ row: rows.places[row] ?? {}, params });
    }
    case 'counterpart': {
      const columns = new Map(cols.places.map(({ index, view }, col) => [`${String(view)}.${String(index)}`, col]));
      return (row) => {
        const { index, view } = rows.places[row] ?? {};
        return columns.get(`${view === 0 ? 1 : 0}.${String(index)}`) ?? -1;
      };
    }
  }
}
