import { assertNever } from '../assert-never.js';
import type { Expression, ValueType } from './nodes.js';
import { signatureFor } from './operators.js';

const types = new WeakMap<Expression, ValueType>();

export function typeOf(expression: Expression): ValueType {
  const known = types.get(expression);
  if (known !== undefined) return known;
  const type = derive(expression);
  types.set(expression, type);
  return type;
}

function derive(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'constant':
      return typeof expression.value === 'boolean' ? 'boolean' : 'number';
    case 'input':
      return expression.name === 'positive' ? 'boolean' : 'number';
    case 'parameter':
      return 'number';
    case 'attribute':
      return 'index';
    case 'apply': {
      const operands = expression.operands.map(typeOf);
      const signature = signatureFor(expression.operator, operands);
      if (signature === undefined) throw new TypeError(`operator '${expression.operator}' does not take (${operands.join(', ')})`);
      return signature.result;
    }
    default:
      return assertNever(expression);
  }
}
