import { assertNever } from '../assert-never.js';
import type { Apply, Expression } from './nodes.js';

/** The expression with leaves replaced; a leaf for which `replacement` gives nothing stays. */
export function substitute(expression: Expression, replacement: (leaf: Exclude<Expression, Apply>) => Expression | undefined): Expression {
  switch (expression.kind) {
    case 'constant':
    case 'input':
    case 'parameter':
    case 'attribute':
      return replacement(expression) ?? expression;
    case 'apply':
      return { ...expression, operands: expression.operands.map((operand) => substitute(operand, replacement)) };
    default:
      return assertNever(expression);
  }
}
