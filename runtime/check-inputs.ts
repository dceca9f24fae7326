import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { Interval } from '../dsl/expression/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { MatrixShape } from './matrix-shape.js';
import type { PositiveRelation, Unmatched } from './positives.js';
import type { Parameters } from './scalars.js';

/** What the norms pass writes where every value of its rows is finite. */
const noBadRow = 2 ** 31 - 1;

/** Which tensor a row that was looked at belongs to, and its number there. */
export type NameRow = (row: number) => { readonly input: string; readonly row: number };

/** @throws {InfinitileError} when a row holds NaN or infinity: `rows` are the first such row of each partial. */
export function checkFinite(nameRow: NameRow, rows: Int32Array): void {
  const found = rows.reduce((least, row) => Math.min(least, row), noBadRow);
  if (found === noBadRow) return;
  const { input, row: first } = nameRow(found);
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

/** @throws {InfinitileError} when the positives of a loss have no rank: a row may have many. */
export function checkRanked({ name, positives }: PairwiseLoss): void {
  if (positives.kind !== 'where') return;
  const message = `retrieval metrics rank a row's positive, and a row of loss '${name}' may have many`;
  throw new InfinitileError([{ code: 'INF4018', message, hint: 'give positives of one each row: the diagonal, an index map, a column' }]);
}

/** What is wrong with the relation of positives for the terms of the loss. */
export function positiveMistakes(loss: PairwiseLoss, { n, m }: MatrixShape, { unmatchedRows, unmatchedCols }: PositiveRelation): readonly Diagnostic[] {
  const { kind } = loss.positives;
  const shapes = kind === 'diagonal' ? `positives are on the diagonal of ${n} queries x ${m} keys` : kind === 'indexMap' ? `the index map names ${m} keys` : `there are ${n} rows and ${m} columns`;
  const mistake = (what: 'row' | 'column', { count, first }: Unmatched): readonly Diagnostic[] =>
    count === 0 ? [] : [withoutPositive(loss.name, what, `${count} ${what}${count === 1 ? '' : 's'} without a positive, ${what} ${first} the first: ${shapes}`)];
  return [...mistake('row', unmatchedRows), ...mistake('column', unmatchedCols)];
}

/** Found when the tiles have been walked. */
export function rowWithoutPositive(loss: string, what: 'row' | 'column', first: number): Diagnostic {
  return withoutPositive(loss, what, `no ${what === 'row' ? 'column' : 'row'} is a positive of ${what} ${first}, the first such ${what}`);
}

export function rowWithoutCount(loss: string, what: 'row' | 'column', first: number): Diagnostic {
  return {
    code: 'INF4014',
    message: `no ${what === 'row' ? 'column' : 'row'} counts for ${what} ${first} of loss '${loss}', the first such ${what}: the mask leaves all of them out`,
    hint: `let the mask keep one, or declare the softmax with unmatched: 'skip'`,
  };
}

function withoutPositive(loss: string, what: 'row' | 'column', found: string): Diagnostic {
  return {
    code: 'INF4010',
    message: `${found}, and the ${what} softmax of '${loss}' needs one each`,
    hint: `give every ${what} a positive, declare the softmax with unmatched: 'skip', or leave that direction out`,
  };
}

export function sumOutOfRange(loss: string, logits: Interval): Diagnostic {
  return outOfRange(`a softmax sum of '${loss}' is not a positive finite number, although running maxima were used`, logits, 'a logit');
}

/** Of what a step has found. */
export function valuesOutOfRange(loss: string, found: { readonly loss: number; readonly params: Readonly<Record<string, number>> }, logits: Interval): readonly Diagnostic[] {
  const values = [[`loss '${loss}'`, found.loss], ...Object.entries(found.params).map(([name, value]) => [`the gradient of ${name}`, value] as const)] as const;
  return values.filter(([, value]) => !Number.isFinite(value)).map(([what, value]) => outOfRange(`${what} is ${value}`, logits, 'a term'));
}

function outOfRange(found: string, logits: Interval, what: string): Diagnostic {
  return { code: 'INF4011', message: `${found}; logits lie within [${logits.low}, ${logits.high}]`, hint: `${what} overflows fp32: look at the parameters, and at norms of the inputs` };
}
