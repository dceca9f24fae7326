import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { Interval } from '../dsl/expression/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { PositiveRelation, Unmatched } from './positives.js';
import type { Parameters } from './scalars.js';

/** What the norms pass writes where every value of its rows is finite. */
const noBadRow = 2 ** 31 - 1;

/** @throws {InfinitileError} when a row holds NaN or infinity: `rows` are the first such row of each partial. */
export function checkFinite(input: string, rows: Int32Array): void {
  const first = rows.reduce((least, row) => Math.min(least, row), noBadRow);
  if (first === noBadRow) return;
  throw new InfinitileError([
    {
      code: 'INF4008',
      message: `${input} holds NaN or infinity: row ${first} is the first such row`,
      hint: 'look at what made that row (a norm of zero, an overflow in half precision); every value must be finite',
    },
  ]);
}

/** @throws {InfinitileError} naming every parameter that is unknown, missing, or not a finite number. */
export function checkParameters(loss: PairwiseLoss, params: Parameters): Parameters {
  const known = loss.params.length === 0 ? 'it has none' : `it has ${loss.params.join(', ')}`;
  const diagnostics: Diagnostic[] = [];
  for (const name of Object.keys(params)) {
    if (!loss.params.includes(name)) diagnostics.push({ code: 'INF4009', message: `loss '${loss.name}' has no parameter '${name}'`, hint: known });
  }
  for (const name of loss.params) {
    const value = params[name];
    if (value === undefined) diagnostics.push({ code: 'INF4009', message: `parameter '${name}' of loss '${loss.name}' has no value`, hint: `give params: { ${name}: ... }` });
    else if (!Number.isFinite(value)) diagnostics.push({ code: 'INF4009', message: `parameter '${name}' is ${value}`, hint: 'parameters are finite numbers' });
  }
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
  return params;
}

/** What is wrong with the relation of positives for the terms of the loss. */
export function positiveMistakes(loss: PairwiseLoss, n: number, m: number, { unmatchedRows, unmatchedCols }: PositiveRelation): readonly Diagnostic[] {
  const shapes = loss.positives.kind === 'diagonal' ? `positives are on the diagonal of ${n} queries x ${m} keys` : `the index map names ${m} keys`;
  const mistake = (what: 'row' | 'column', { count, first }: Unmatched): readonly Diagnostic[] =>
    count === 0
      ? []
      : [
          {
            code: 'INF4010',
            message: `${count} ${what}${count === 1 ? '' : 's'} without a positive, ${what} ${first} the first: ${shapes}, and the ${what} softmax of '${loss.name}' needs one each`,
            hint: `give every ${what} a positive, declare the softmax with unmatched: 'skip', or leave that direction out`,
          },
        ];
  return [...mistake('row', unmatchedRows), ...mistake('column', unmatchedCols)];
}

export function sumOutOfRange(loss: string, logits: Interval): Diagnostic {
  return {
    code: 'INF4011',
    message: `a softmax sum of '${loss}' is not a positive finite number, although running maxima were used; logits lie within [${logits.low}, ${logits.high}]`,
    hint: 'a logit overflows fp32: look at the parameters, and at norms of the inputs',
  };
}
