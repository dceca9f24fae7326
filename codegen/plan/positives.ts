import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Plan } from './plan.js';

/**
 * Whether kernels find the positive by `row == col` or in an index map. A loss on the diagonal needs the map too when rows
 * may go without a positive: where unmatched rows or columns are skipped, or there are more rows than columns.
 */
export function positivesForm(loss: PairwiseLoss): Plan['positives'] {
  const skips = loss.rows?.unmatched === 'skip' || loss.cols?.unmatched === 'skip';
  const columnsOnly = loss.cols !== undefined && loss.rows === undefined;
  return loss.positives.kind === 'diagonal' && !skips && !columnsOnly ? 'diagonal' : 'mapped';
}

export function hasSoftmax(loss: PairwiseLoss): boolean {
  return loss.rows !== undefined || loss.cols !== undefined;
}
