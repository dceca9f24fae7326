import { evaluate } from '../expression/evaluate.js';
import type { Expression } from '../expression/nodes.js';
import type { LambdaRequest } from './request.js';

/** A function of a pair, as it was written. */
export type PairFunction = (pair: never) => unknown;

/**
 * What is wrong when the function, called on a few numbers, does not give what its expression gives: a name in its text
 * then stands for something else than it says. Undefined when they agree.
 */
export function disagreement(lambda: PairFunction, expression: Expression, { inputs, params, constants }: LambdaRequest): string | undefined {
  for (const [k, sample] of samples.entries()) {
    const values = Object.fromEntries(params.map((name, i) => [name, 0.4 + 0.17 * i + 0.1 * k]));
    const read = Object.fromEntries(inputs.map((name) => [name, sample[name]]));
    const pair = { ...read, row: { index: sample.row }, col: { index: sample.col }, params: values, constants };
    const wanted = evaluate(expression, { ...sample, params: values });
    let given: unknown;
    try {
      given = Reflect.apply(lambda, undefined, [pair]);
    } catch (error) {
      return `calling it throws: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (!agree(given, wanted)) return `at dot = ${sample.dot} it gives ${String(given)}, its text ${String(wanted)}`;
  }
  return undefined;
}

const samples = [
  { dot: 0.75, logit: 1.5, positive: true, row: 3, col: 3 },
  { dot: -0.5, logit: -2.25, positive: false, row: 2, col: 5 },
  { dot: 1.25, logit: 0.625, positive: false, row: 7, col: 1 },
] as const;

function agree(given: unknown, wanted: number | boolean): boolean {
  if (typeof given !== 'number' || typeof wanted !== 'number') return given === wanted;
  return Object.is(given, wanted) || Math.abs(given - wanted) <= 1e-12 * Math.abs(wanted);
}
