import { evaluate } from '../expression/evaluate.js';
import type { ReadableAttributes } from '../attributes.js';
import type { Expression } from '../expression/nodes.js';
import type { LambdaRequest } from './request.js';

/** A function of a pair, as it was written. */
export type PairFunction = (pair: never) => unknown;

/**
 * What is wrong when the function, called on a few numbers, does not give what its expression gives: a name in its text
 * then stands for something else than it says. Undefined when they agree.
 */
export function disagreement(lambda: PairFunction, expression: Expression, { inputs, params, constants, functions, row, col }: LambdaRequest): string | undefined {
  for (const [k, sample] of samples.entries()) {
    const values = Object.fromEntries(params.map((name, i) => [name, 0.4 + 0.17 * i + 0.1 * k]));
    const read = Object.fromEntries(inputs.map((name) => [name, sample[name]]));
    const sides = { row: attributes(row, sample.row), col: attributes(col, sample.col) };
    const calls = Object.fromEntries(Object.entries(functions).map(([name, { call }]) => [name, call]));
    const pair = { ...read, ...sides, params: values, constants, functions: calls };
    const wanted = evaluate(expression, { ...sample, ...sides, params: values });
    let given: unknown;
    try {
      given = Reflect.apply(lambda, undefined, [pair]);
    } catch (error) {
      return `calling it throws: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (!agree(given, wanted)) return `at ${Object.entries(read).map(([name, value]) => `${name} = ${String(value)}, `).join('')}row ${sample.row}, column ${sample.col} it gives ${String(given)}, its text ${String(wanted)}`;
  }
  return undefined;
}

const samples = [
  { dot: 0.75, logit: 1.5, positive: true, guide: 0.25, lse: 2.5, positiveLogit: 1.5, meanLogit: 0.125, row: 3, col: 3 },
  { dot: -0.5, logit: -2.25, positive: false, guide: -0.75, lse: 4.25, positiveLogit: -1.25, meanLogit: -0.5, row: 2, col: 5 },
  { dot: 1.25, logit: 0.625, positive: false, guide: 0.5, lse: 0.75, positiveLogit: 0.5, meanLogit: 0.25, row: 7, col: 1 },
] as const;

/** Some value for every attribute: whole numbers for integers. */
function attributes(readable: ReadableAttributes | undefined, index: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(readable ?? {}).map(([name, type], i) => [name, name === 'view' ? index % 2 : type === 'index' ? index + i : 0.75 * index - i]));
}

function agree(given: unknown, wanted: number | boolean): boolean {
  if (typeof given !== 'number' || typeof wanted !== 'number') return given === wanted;
  return Object.is(given, wanted) || Math.abs(given - wanted) <= 1e-12 * Math.abs(wanted);
}
