import type { ChunkLevel } from '../../../dsl/tiling.js';
import { isLinear } from '../../emit/linear.js';
import { needsOf } from '../../plan/needs.js';
import { isUnrolled } from '../cuda/forms.js';
import { operandLayout } from '../cuda/layout.js';
import type { Problem } from '../target.js';
import { exactCols } from './limits.js';

/**
 * Whether gradients can be made in the forward walk: where a row's softmax is all there is, G_ij = u_i exp(s_ij - offset) slope but for
 * the positives, whose u_i is a factor of the row for dQ, and of its query for dK. The logit is linear in the dot, and bounded, since a
 * maximum that grows would not be one factor; fp16 has not the exponents for weights whose sum is not known. A rank of a ring
 * never has all columns at hand.
 */
export function mayFuse(problem: Problem): boolean {
  const { loss, precision, softmax, reports, ring } = problem;
  const { relation, stacked } = needsOf(loss, reports);
  const rowsAlone = loss.rows !== undefined && loss.rows.counts === undefined && loss.cols === undefined && loss.pairs === undefined;
  const { planes, gradientPlanes } = operandLayout(problem);
  // The scaled queries are split as the queries are, and must keep as much as G does.
  const asExact = gradientPlanes <= planes;
  return rowsAlone && ring !== true && softmax === 'bounded' && precision !== 'f16' && reports !== true && relation === 'diagonal' && !stacked && asExact && isUnrolled(problem) && isLinear(loss);
}

/** Whether a plan has the walk: where it may, unless its tiling says otherwise. */
export function isFused(problem: Problem, { chunk }: { readonly chunk?: ChunkLevel }): boolean {
  return chunk?.backward !== 'recompute' && mayFuse(problem);
}

/** Columns that a chunk of the fused walk has at the most: their sums are truncated by the tensor cores, which bf16 hides for longer. */
export function mostCols({ precision }: Problem): number {
  return precision === 'f32' ? exactCols : 131_072;
}

/** Whether a row's exponentials times its dots are summed too: parameters' gradients are made of them. */
export function sumsDots({ loss }: Problem): boolean {
  return loss.params.length > 0;
}
