import type { Expression } from './nodes.js';
import { printExpression } from './print.js';

/** Structural equality; spans do not count. Printing is injective, so texts stand for expressions. */
export function equalExpressions(a: Expression, b: Expression): boolean {
  return a === b || printExpression(a) === printExpression(b);
}
