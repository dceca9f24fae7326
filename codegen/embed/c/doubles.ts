import { assertNever } from '../../../dsl/assert-never.js';
import type { Expression, OperatorName } from '../../../dsl/expression/index.js';
import { cLogic, cOperators } from '../../emit/c-operators.js';
import { doubleLiteral } from '../../emit/literals.js';

type Leaf = Exclude<Expression, { kind: 'constant' | 'apply' }>;

/** As expressions are evaluated before a run: in fp64, integers and booleans too. `bounds.h` has the functions. */
const operators: Readonly<Record<OperatorName, string>> = {
  ...cOperators,
  ...cLogic,
  remainder: 'fmod({0}, {1})',
  floorDivide: 'floor({0} / {1})',
  exp: 'exp({0})',
  log: 'log({0})',
  log1p: 'log1p({0})',
  expm1: 'expm1({0})',
  sqrt: 'sqrt({0})',
  abs: 'fabs({0})',
  sign: 'sign_of({0})',
  min: 'lower({0}, {1})',
  max: 'upper({0}, {1})',
  pow: 'pow({0}, {1})',
  tanh: 'tanh({0})',
  sigmoid: 'sigmoid({0})',
  softplus: 'softplus({0})',
  floor: 'floor({0})',
};

/** An expression as one of C, of type double (int where it is a boolean). `leaf`: what it reads, as a name or a call. */
export function writeDouble(expression: Expression, leaf: (expression: Leaf) => string): string {
  switch (expression.kind) {
    case 'constant':
      return literal(expression.value);
    case 'input':
    case 'parameter':
    case 'attribute':
      return leaf(expression);
    case 'apply': {
      const operands = expression.operands.map((operand) => parenthesised(writeDouble(operand, leaf)));
      return operators[expression.operator].replace(/\{(\d)\}/g, (_, index: string) => operands[Number(index)] ?? '');
    }
    default:
      return assertNever(expression);
  }
}

function literal(value: number | boolean): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return Number.isFinite(value) ? doubleLiteral(value) : Number.isNaN(value) ? 'NAN' : value < 0 ? '-INFINITY' : 'INFINITY';
}

function parenthesised(text: string): string {
  return /^[\w.>-]*\w$/.test(text) && !text.startsWith('-') ? text : /^\w+\([^()]*\)$/.test(text) ? text : `(${text})`;
}
