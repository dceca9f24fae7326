import { InfinitileError, type DiagnosticCode } from '../../dsl/diagnostics/index.js';
import { dependsOn, type InputName } from '../../dsl/expression/index.js';
import type { SoftmaxTerm } from '../../dsl/loss.js';
import type { Parameters } from '../scalars.js';
import type { TermEvaluators } from './evaluators.js';
import type { Side } from './side.js';
import { increase, type Sums } from './sums.js';

/** What a row adds to G: byLse e^(s - lse) + byMean where the column counts, byPositive at its positives. */
export interface Pull {
  readonly lse: number;
  readonly byLse: number;
  readonly byMean: number;
  readonly byPositive: number;
}

export const noPull: Pull = { lse: Infinity, byLse: 0, byMean: 0, byPositive: 0 };

/** A softmax term over all its rows. */
export interface SettledTerm {
  readonly loss: number;
  readonly params: Float64Array;
  /** Of the normaliser: shared with the row's partner where the term says so. */
  readonly lse: Float64Array;
  /** Unweighted; NaN for a row that is left out. */
  readonly values: Float64Array;
  readonly pulls: readonly Pull[];
}

/** One softmax term with what its rows are made of. */
export interface TermInputs {
  readonly what: 'row' | 'col';
  readonly term: SoftmaxTerm;
  readonly evaluators: TermEvaluators;
  readonly side: Side;
  readonly sums: Sums;
  readonly params: Parameters;
  readonly round: (value: number) => number;
}

/** A row's term and its derivatives, unweighted. */
interface Row {
  readonly value: number;
  readonly byLse: number;
  readonly byPositiveLogit: number;
  readonly byMeanLogit: number;
  readonly byParams: readonly number[];
}

/** @throws {InfinitileError} when the term refuses a row: the first without a positive, the first without a column that counts. */
export function settleTerm(inputs: TermInputs): SettledTerm {
  const { term, evaluators, side, sums, round } = inputs;
  const shared = term.normaliser === 'counterparts';
  const partnerOf = (at: number): number => (shared ? (side.partners[at] ?? -1) : -1);
  // A sum that is off by part of itself has a logarithm that is off by as much, however small it is.
  const lse = Float64Array.from({ length: side.count }, (_, at) => round(sums.lseWith(at, partnerOf(at))) + Math.log(round(1)));
  const rows = Array.from(lse, (_, at) => (isMatched(inputs, at, partnerOf(at)) ? evaluateRow(inputs, at, lse[at] ?? NaN) : undefined));
  const matched = rows.filter((row) => row !== undefined).length;
  const weight = term.reduction === 'mean' ? term.weight / Math.max(matched, 1) : term.weight;

  const params = new Float64Array(evaluators.byParams.length);
  let loss = 0;
  for (const row of rows) {
    loss += weight * (row?.value ?? 0);
    row?.byParams.forEach((value, p) => increase(params, p, weight * value));
  }
  // Where a normaliser is shared, what both rows take from it falls on the pairs of each.
  const byLse = (at: number): number => (rows[at]?.byLse ?? 0) + (partnerOf(at) < 0 ? 0 : (rows[partnerOf(at)]?.byLse ?? 0));
  const pulls = rows.map(
    (row, at): Pull => ({
      lse: lse[at] ?? NaN,
      byLse: weight * byLse(at),
      byMean: row === undefined || row.byMeanLogit === 0 ? 0 : (weight * row.byMeanLogit) / (sums.counts[at] ?? NaN),
      byPositive: row === undefined || row.byPositiveLogit === 0 ? 0 : (weight * row.byPositiveLogit) / (sums.positiveCounts[at] ?? NaN),
    }),
  );
  return { loss, params, lse, values: Float64Array.from(rows, (row) => row?.value ?? NaN), pulls };
}

function evaluateRow({ what, evaluators, side, sums, params, round }: TermInputs, at: number, lse: number): Row {
  const positiveLogit = round((sums.positives[at] ?? NaN) / (sums.positiveCounts[at] ?? NaN));
  const meanLogit = round((sums.logits[at] ?? NaN) / (sums.counts[at] ?? NaN));
  const environment = { lse, positiveLogit, meanLogit, [what]: side.places[at] ?? {}, params };
  return {
    value: evaluators.value(environment),
    byLse: evaluators.byLse(environment),
    byPositiveLogit: evaluators.byPositiveLogit(environment),
    byMeanLogit: evaluators.byMeanLogit(environment),
    byParams: evaluators.byParams.map((derivative) => derivative(environment)),
  };
}

/**
 * Whether a row is in the sum. One whose own columns do not count is left out where such rows are skipped; where they are
 * refused, one that has a normaliser all the same, its partner's, is in it.
 */
function isMatched({ what, term, sums }: TermInputs, at: number, partner: number): boolean {
  const skips = term.unmatched === 'skip';
  const name = what === 'row' ? 'row' : 'column';
  if (reads(term, 'positiveLogit') && sums.positiveCounts[at] === 0) return skips ? false : refuse('INF4010', `${name} ${at} has no positive`);
  const own = sums.counts[at] ?? 0;
  if (skips) return own > 0;
  const counted = reads(term, 'meanLogit') || partner < 0 ? own : own + (sums.counts[partner] ?? 0);
  return counted > 0 || refuse('INF4014', `nothing counts for ${name} ${at}`);
}

function refuse(code: DiagnosticCode, message: string): never {
  throw new InfinitileError([{ code, message, hint: "declare the softmax with unmatched: 'skip'" }]);
}

function reads(term: SoftmaxTerm, name: InputName): boolean {
  return dependsOn(term.value, { kind: 'input', name });
}
