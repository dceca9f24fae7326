import { assertNever } from '../assert-never.js';
import { evaluateNumber } from './evaluate-number.js';
import type { Expression, ValueType } from './nodes.js';
import { signatureFor, type OperatorName } from './operators.js';

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
      return expression.type;
    case 'apply': {
      const type = resultType(expression.operator, expression.operands);
      if (type === undefined) throw new TypeError(`operator '${expression.operator}' does not take (${expression.operands.map(typeOf).join(', ')})`);
      return type;
    }
    default:
      return assertNever(expression);
  }
}

/** What the operator makes of the operands; undefined where it does not take them. Where only integers are taken, whole numbers are. */
export function resultType(operator: OperatorName, operands: readonly Expression[]): ValueType | undefined {
  const integers = () => operands.map((operand) => (isWhole(operand) ? 'index' : typeOf(operand)));
  return (signatureFor(operator, operandTypes(operands)) ?? signatureFor(operator, integers()))?.result;
}

/** Types of an operator's operands: beside an index, a whole number is an index too. */
export function operandTypes(operands: readonly Expression[]): readonly ValueType[] {
  const types = operands.map(typeOf);
  if (!types.includes('index')) return types;
  return operands.map((operand, i) => (isWhole(operand) ? 'index' : (types[i] ?? 'number')));
}

/** Whether a number is always whole though it is none of an index: a whole constant, and what is chosen and made of such. */
function isWhole(expression: Expression): boolean {
  if (wholeValue(expression) !== undefined) return true;
  if (expression.kind !== 'apply' || !keepWhole.has(expression.operator)) return false;
  return expression.operands.every((operand) => typeOf(operand) === 'boolean' || isWhole(operand));
}

const keepWhole: ReadonlySet<OperatorName> = new Set(['select', 'add', 'subtract', 'multiply', 'negate', 'min', 'max']);

/** What an expression of constants alone gives, where it is a number that int32 holds. */
export function wholeValue(expression: Expression): number | undefined {
  if (typeOf(expression) === 'boolean' || !isFixed(expression)) return undefined;
  const value = evaluateNumber(expression, {});
  return (value | 0) === value ? value : undefined;
}

function isFixed(expression: Expression): boolean {
  return expression.kind === 'constant' || (expression.kind === 'apply' && expression.operands.every(isFixed));
}
