import type { Apply, Attribute, Constant, Expression, Input, InputName, Parameter, Side } from './nodes.js';
import type { OperatorName } from './operators.js';

/** Short ways to write nodes. They build exactly what they say; `simplify` makes it small. */

export const dot: Input = { kind: 'input', name: 'dot' };
export const logit: Input = { kind: 'input', name: 'logit' };
export const positive: Input = { kind: 'input', name: 'positive' };
export const rowIndex = attribute('row', 'index', 'index');
export const colIndex = attribute('col', 'index', 'index');
export const zero = constant(0);
export const one = constant(1);

export function constant(value: number | boolean): Constant {
  return { kind: 'constant', value };
}

export function parameter(name: string): Parameter {
  return { kind: 'parameter', name };
}

export function input(name: InputName): Input {
  return { kind: 'input', name };
}

export function attribute(side: Side, name: string, type: Attribute['type']): Attribute {
  return { kind: 'attribute', side, name, type };
}

export function apply(operator: OperatorName, ...operands: readonly Expression[]): Apply {
  return { kind: 'apply', operator, operands };
}

export const negate = unary('negate');
export const not = unary('not');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const sign = unary('sign');
export const sigmoid = unary('sigmoid');
export const tanh = unary('tanh');

export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
export const pow = binary('pow');
export const greater = binary('greater');
export const lessEqual = binary('lessEqual');
export const greaterEqual = binary('greaterEqual');

export function select(condition: Expression, whenTrue: Expression, whenFalse: Expression): Apply {
  return apply('select', condition, whenTrue, whenFalse);
}

export function isConstant(expression: Expression, value?: number | boolean): expression is Constant {
  return expression.kind === 'constant' && (value === undefined || expression.value === value);
}

export function isApply(expression: Expression, ...operators: readonly OperatorName[]): expression is Apply {
  return expression.kind === 'apply' && operators.includes(expression.operator);
}

function unary(operator: OperatorName): (x: Expression) => Apply {
  return (x) => apply(operator, x);
}

function binary(operator: OperatorName): (a: Expression, b: Expression) => Apply {
  return (a, b) => apply(operator, a, b);
}
