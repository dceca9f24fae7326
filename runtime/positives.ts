import { needsOf, type SideNeeds } from '../codegen/plan/needs.js';
import { compileEvaluator } from '../dsl/expression/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import { counterpartOf, placeOf, type MatrixShape } from './matrix-shape.js';

/** The relation of positives over the rows and columns of a matrix, and the weights that follow from it. */
export interface PositiveRelation {
  /** The column of each row's positive, -1 where it has none. Absent on a full diagonal, and where a condition tells. */
  readonly map?: Int32Array;
  /** With a map: the first row whose positive each column is, -1 where there is none. */
  readonly rowOfCol?: Int32Array;
  /** Weight of a matched row and column; of one over which a mean is taken only when matches are counted, undivided. */
  readonly rowWeight: number;
  readonly colWeight: number;
  /** With a map: 1 for a row (column) that the term counts, 0 for one that it leaves out. */
  readonly rowMatched?: Float32Array;
  readonly colMatched?: Float32Array;
  /** Rows and columns without a positive, where the loss refuses them. */
  readonly unmatchedRows: Unmatched;
  readonly unmatchedCols: Unmatched;
}

export interface Unmatched {
  readonly count: number;
  readonly first: number;
}

/** Rows that are at hand, by their numbers in the whole. */
export interface GivenRows {
  readonly count: number;
  readonly numberOf: (row: number) => number;
}

/** What attributes a row has that is at hand, for relations that are computed from them. */
export type RowAttributes = (row: number) => Readonly<Record<string, number>>;

/**
 * A row (column) of a term that reads its positives weighs w where it has one. A mean counts the matched ones only; matches
 * that depend on the tiles are counted on the device.
 */
export function relatePositives(loss: PairwiseLoss, shape: MatrixShape, map: Int32Array | undefined): PositiveRelation {
  const needs = needsOf(loss);
  const { n, m } = shape;
  if (needs.relation === 'where') return { rowWeight: weightOf(needs.row, n), colWeight: weightOf(needs.col, m), unmatchedRows: noneUnmatched, unmatchedCols: noneUnmatched };
  const positiveOf = map === undefined ? (row: number) => (row < m ? row : -1) : (row: number) => map[row] ?? -1;
  const rowMatched = new Float32Array(n);
  const rowOfCol = new Int32Array(m).fill(-1);
  for (let row = n - 1; row >= 0; row -= 1) {
    const col = positiveOf(row);
    if (col < 0) continue;
    rowMatched[row] = 1;
    rowOfCol[col] = row;
  }
  const rows = matches(needs.row, rowMatched);
  const cols = matches(needs.col, Float32Array.from(rowOfCol, (row) => (row >= 0 ? 1 : 0)));
  return {
    ...(map === undefined ? {} : { map, rowOfCol, rowMatched: rows.matched, colMatched: cols.matched }),
    rowWeight: rows.weight,
    colWeight: cols.weight,
    unmatchedRows: rows.refused,
    unmatchedCols: cols.refused,
  };
}

/** The map of a relation that is given by a rule; undefined where kernels follow the rule themselves, or it is given at run time. */
export function mapByRule(loss: PairwiseLoss, shape: MatrixShape, { count, numberOf }: GivenRows, attributes: RowAttributes): Int32Array | undefined {
  const { m } = shape;
  const mapOf = (positiveOf: (row: number, own: number) => number): Int32Array => Int32Array.from({ length: count }, (_, own) => positiveOf(numberOf(own), own));
  const { positives } = loss;
  if (positives.kind === 'counterpart') return mapOf((row) => counterpartOf(shape, row));
  if (positives.kind === 'column') {
    const column = compileEvaluator(positives.column);
    return mapOf((row, own) => {
      const col = column({ row: { ...attributes(own), ...placeOf(shape, 'row', row) } });
      return Number.isInteger(col) && col >= 0 && col < m ? col : -1;
    });
  }
  const mapped = positives.kind === 'diagonal' && needsOf(loss).relation === 'mapped';
  return mapped ? mapOf((row) => (row < m ? row : -1)) : undefined;
}

const noneUnmatched: Unmatched = { count: 0, first: -1 };

function matches(needs: SideNeeds | undefined, matched: Float32Array): { readonly matched: Float32Array; readonly weight: number; readonly refused: Unmatched } {
  if (needs === undefined || !needs.readsPositive) {
    return { matched: matched.map(() => 1), weight: weightOf(needs, matched.length), refused: noneUnmatched };
  }
  const count = matched.reduce((sum, one) => sum + one, 0);
  const refuses = needs.term?.unmatched === 'refuse';
  return { matched, weight: weightOf(needs, count), refused: refuses ? { count: matched.length - count, first: matched.indexOf(0) } : noneUnmatched };
}

function weightOf(needs: SideNeeds | undefined, matched: number): number {
  const term = needs?.term;
  if (term === undefined) return 0;
  return term.reduction === 'mean' && needs?.counted !== true ? term.weight / Math.max(matched, 1) : term.weight;
}
