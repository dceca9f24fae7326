import type { AttributeType, PairwiseLoss } from '../../dsl/loss.js';
import type { Precision } from '../../dsl/problem.js';
import type { RunInputs } from '../inputs.js';
import { matrixShape, usesTensor } from '../matrix-shape.js';
import { inPrecision, unitRows } from './rows.js';

/** Rows that share an integer attribute. */
const rowsPerLabel = 8;

/**
 * Inputs for timing: unit rows, an index map onto the columns in turn, labels shared by {@link rowsPerLabel} rows, weights
 * of 1, and a guide of other unit rows.
 */
export function syntheticInputs(loss: PairwiseLoss, { n, m, dim, precision }: { readonly n: number; readonly m: number; readonly dim: number; readonly precision: Precision }): SyntheticInputs {
  const rows = (count: number, seed: number) => inPrecision(unitRows(count, dim, seed), [count, dim], precision);
  const keys = usesTensor(loss, 'keys');
  const shape = matrixShape(loss, { queries: n, keys: keys ? m : 0 });
  const attributes = (declared: Readonly<Record<string, AttributeType>>, count: number) =>
    Object.fromEntries(Object.entries(declared).map(([name, type]) => [name, type === 'f32' ? new Float32Array(count).fill(1) : labels(count)]));
  return {
    q: rows(n, 1),
    ...(keys ? { k: rows(m, 2) } : {}),
    ...(loss.guide ? { guide: { q: rows(n, 3), ...(keys ? { k: rows(m, 4) } : {}) } } : {}),
    ...(loss.positives.kind === 'indexMap' ? { positives: Int32Array.from({ length: shape.n }, (_, row) => row % shape.m) } : {}),
    rows: attributes(loss.attributes.rows, shape.n),
    cols: attributes(loss.attributes.cols, shape.m),
  };
}

export type SyntheticInputs = Omit<RunInputs, 'q' | 'k'> & { readonly q: ReturnType<typeof inPrecision>; readonly k?: ReturnType<typeof inPrecision> };

function labels(count: number): Int32Array {
  const distinct = Math.max(1, Math.floor(count / rowsPerLabel));
  return Int32Array.from({ length: count }, (_, row) => row % distinct);
}
