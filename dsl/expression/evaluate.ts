import { evaluateNumber, type Environment } from './evaluate-number.js';
import type { Expression } from './nodes.js';
import { typeOf } from './type-of.js';

/** The value, in fp64. */
export function evaluate(expression: Expression, environment: Environment): number | boolean {
  const value = evaluateNumber(expression, environment);
  return typeOf(expression) === 'boolean' ? value === 1 : value;
}
