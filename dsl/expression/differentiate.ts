import { assertNever } from '../assert-never.js';
import { one, zero } from './build.js';
import { equalExpressions } from './equal.js';
import type { Expression, Input, Parameter } from './nodes.js';
import { operators } from './operators.js';

/**
 * The derivative with respect to an input or a parameter, everything else held: with respect to `dot`, a `logit` in the
 * expression stays. Not simplified. Where a derivative does not exist, the operator table says what is taken.
 */
export function differentiate(expression: Expression, variable: Input | Parameter): Expression {
  switch (expression.kind) {
    case 'constant':
    case 'attribute':
      return zero;
    case 'input':
    case 'parameter':
      return equalExpressions(expression, variable) ? one : zero;
    case 'apply': {
      const tangents = expression.operands.map((operand) => differentiate(operand, variable));
      if (tangents.every((tangent) => tangent === zero)) return zero;
      return operators[expression.operator].derivative(expression.operands, tangents);
    }
    default:
      return assertNever(expression);
  }
}
