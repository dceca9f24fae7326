import * as bounds from './bounds.js';
import type { Interval } from './bounds.js';
import { add, apply, divide, exp, greater, greaterEqual, isConstant, lessEqual, log, multiply, negate, one, pow, select, sigmoid, sign, sqrt, subtract, tanh, zero, constant } from './build.js';
import type { Expression, ValueType } from './nodes.js';
import * as numeric from './numeric.js';

/** All there is to know about an operator, apart from how targets write it (their dialects). */
export interface Operator {
  /** Alternatives; the first that fits counts. An `index` fits where a `number` is asked for. */
  readonly signatures: readonly Signature[];
  readonly syntax: Syntax;
  /** In fp64; booleans are 0 and 1. */
  readonly evaluate: (...operands: readonly number[]) => number;
  /** The derivative, given the operands and theirs. A tangent that is the constant 0 contributes nothing. */
  readonly derivative: (operands: readonly Expression[], tangents: readonly Expression[]) => Expression;
  /** An interval that holds all values, given intervals that hold all operands. */
  readonly bounds: (...operands: readonly Interval[]) => Interval;
}

export interface Signature {
  readonly operands: readonly ValueType[];
  readonly result: ValueType;
}

/** How an operator is printed, and which TypeScript means it. */
export type Syntax =
  | { readonly form: 'infix'; readonly token: string; readonly precedence: number; readonly math?: string }
  | { readonly form: 'prefix'; readonly token: string }
  | { readonly form: 'conditional'; readonly library: string }
  /** `math`: it is `Math.<name>`; `library`: this package exports it. `variadic`: more than two operands fold to the left. */
  | { readonly form: 'call'; readonly name: string; readonly from: 'math' | 'library'; readonly variadic?: true };

/** JavaScript's, as far as expressions need it. */
export const precedence = { conditional: 1, or: 2, and: 3, equality: 4, relational: 5, additive: 6, multiplicative: 7, power: 8, unary: 9, atom: 10 } as const;

const integersOrNumbers: readonly Signature[] = [
  { operands: ['index', 'index'], result: 'index' },
  { operands: ['number', 'number'], result: 'number' },
];

/*
 * Conventions where a derivative does not exist, or is not unique:
 *   abs, sign, floor   abs' = sign, with sign(0) = 0; sign' = floor' = 0
 *   min, max           a tie takes the first operand's
 *   pow                with respect to the exponent, 0 where the base is not positive
 *   comparisons        0: a condition chooses a branch and is not differentiated
 */
const table = {
  add: {
    ...integral('+', precedence.additive),
    evaluate: (a: number, b: number) => a + b,
    derivative: partials(() => one, () => one),
    bounds: bounds.addBounds,
  },
  subtract: {
    ...integral('-', precedence.additive),
    evaluate: (a: number, b: number) => a - b,
    derivative: partials(() => one, () => constant(-1)),
    bounds: (a: Interval, b: Interval) => bounds.addBounds(a, bounds.negateBounds(b)),
  },
  multiply: {
    ...integral('*', precedence.multiplicative),
    evaluate: (a: number, b: number) => a * b,
    derivative: partials((_, b) => b, (a) => a),
    bounds: bounds.multiplyBounds,
  },
  divide: {
    ...arithmetic('/', precedence.multiplicative),
    evaluate: (a: number, b: number) => a / b,
    derivative: partials((_, b) => divide(one, b), (a, b) => negate(divide(divide(a, b), b))),
    bounds: bounds.divideBounds,
  },
  /** The remainder, with the sign of the dividend: of integers alone, by a positive constant. */
  remainder: {
    signatures: [{ operands: ['index', 'index'], result: 'index' }],
    syntax: { form: 'infix', token: '%', precedence: precedence.multiplicative },
    evaluate: (a: number, b: number) => a % b,
    derivative: () => zero,
    bounds: bounds.remainderBounds,
  },
  /** `Math.floor(a / b)` of integers, by a positive constant. */
  floorDivide: {
    signatures: [{ operands: ['index', 'index'], result: 'index' }],
    syntax: { form: 'call', name: 'floorDivide', from: 'library' },
    evaluate: (a: number, b: number) => Math.floor(a / b),
    derivative: () => zero,
    bounds: bounds.floorDivideBounds,
  },
  negate: {
    signatures: [
      { operands: ['index'], result: 'index' },
      { operands: ['number'], result: 'number' },
    ],
    syntax: { form: 'prefix', token: '-' },
    evaluate: (x: number) => -x,
    derivative: partials(() => constant(-1)),
    bounds: bounds.negateBounds,
  },
  exp: {
    ...call('exp', 'math', 1),
    evaluate: Math.exp,
    derivative: partials((x) => exp(x)),
    bounds: bounds.rising(Math.exp, { low: 0, high: Infinity }),
  },
  log: {
    ...call('log', 'math', 1),
    evaluate: Math.log,
    derivative: partials((x) => divide(one, x)),
    bounds: bounds.definedFrom(0, bounds.rising(Math.log)),
  },
  log1p: {
    ...call('log1p', 'math', 1),
    evaluate: Math.log1p,
    derivative: partials((x) => divide(one, add(one, x))),
    bounds: bounds.definedFrom(-1, bounds.rising(Math.log1p)),
  },
  expm1: {
    ...call('expm1', 'math', 1),
    evaluate: Math.expm1,
    derivative: partials((x) => exp(x)),
    bounds: bounds.rising(Math.expm1, { low: -1, high: Infinity }),
  },
  sqrt: {
    ...call('sqrt', 'math', 1),
    evaluate: Math.sqrt,
    derivative: partials((x) => divide(constant(0.5), sqrt(x))),
    bounds: bounds.definedFrom(0, bounds.rising(Math.sqrt, { low: 0, high: Infinity })),
  },
  abs: {
    ...call('abs', 'math', 1),
    evaluate: Math.abs,
    derivative: partials((x) => sign(x)),
    bounds: bounds.absBounds,
  },
  sign: {
    ...call('sign', 'math', 1),
    evaluate: Math.sign,
    derivative: () => zero,
    bounds: bounds.risingExactly(Math.sign),
  },
  min: {
    ...call('min', 'math', 2, true),
    signatures: integersOrNumbers,
    evaluate: Math.min,
    derivative: choose(lessEqual),
    bounds: (a: Interval, b: Interval) => ({ low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) }),
  },
  max: {
    ...call('max', 'math', 2, true),
    signatures: integersOrNumbers,
    evaluate: Math.max,
    derivative: choose(greaterEqual),
    bounds: (a: Interval, b: Interval) => ({ low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) }),
  },
  pow: {
    ...arithmetic('**', precedence.power, 'pow'),
    evaluate: Math.pow,
    derivative: partials(
      (a, b) => multiply(b, pow(a, subtract(b, one))),
      (a, b) => select(greater(a, zero), multiply(pow(a, b), log(a)), zero),
    ),
    bounds: bounds.powBounds,
  },
  tanh: {
    ...call('tanh', 'math', 1),
    evaluate: Math.tanh,
    derivative: partials((x) => subtract(one, multiply(tanh(x), tanh(x)))),
    bounds: bounds.rising(Math.tanh, { low: -1, high: 1 }),
  },
  sigmoid: {
    ...call('sigmoid', 'library', 1),
    evaluate: numeric.sigmoid,
    derivative: partials((x) => multiply(sigmoid(x), subtract(one, sigmoid(x)))),
    bounds: bounds.rising(numeric.sigmoid, { low: 0, high: 1 }),
  },
  softplus: {
    ...call('softplus', 'library', 1),
    evaluate: numeric.softplus,
    derivative: partials((x) => sigmoid(x)),
    bounds: bounds.rising(numeric.softplus, { low: 0, high: Infinity }),
  },
  floor: {
    ...call('floor', 'math', 1),
    evaluate: Math.floor,
    derivative: () => zero,
    bounds: bounds.risingExactly(Math.floor),
  },
  less: {
    ...comparison('<', precedence.relational),
    evaluate: (a: number, b: number) => Number(a < b),
    bounds: bounds.lessBounds,
  },
  lessEqual: {
    ...comparison('<=', precedence.relational),
    evaluate: (a: number, b: number) => Number(a <= b),
    bounds: bounds.lessEqualBounds,
  },
  greater: {
    ...comparison('>', precedence.relational),
    evaluate: (a: number, b: number) => Number(a > b),
    bounds: (a: Interval, b: Interval) => bounds.lessBounds(b, a),
  },
  greaterEqual: {
    ...comparison('>=', precedence.relational),
    evaluate: (a: number, b: number) => Number(a >= b),
    bounds: (a: Interval, b: Interval) => bounds.lessEqualBounds(b, a),
  },
  equal: {
    ...comparison('===', precedence.equality, 'boolean'),
    evaluate: (a: number, b: number) => Number(a === b),
    bounds: bounds.equalBounds,
  },
  notEqual: {
    ...comparison('!==', precedence.equality, 'boolean'),
    evaluate: (a: number, b: number) => Number(a !== b),
    bounds: (a: Interval, b: Interval) => bounds.notBounds(bounds.equalBounds(a, b)),
  },
  and: {
    ...logical('&&', precedence.and),
    evaluate: Math.min,
    bounds: (a: Interval, b: Interval) => ({ low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) }),
  },
  or: {
    ...logical('||', precedence.or),
    evaluate: Math.max,
    bounds: (a: Interval, b: Interval) => ({ low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) }),
  },
  not: {
    signatures: [{ operands: ['boolean'], result: 'boolean' }],
    syntax: { form: 'prefix', token: '!' },
    evaluate: (x: number) => 1 - x,
    derivative: () => zero,
    bounds: bounds.notBounds,
  },
  select: {
    signatures: [
      { operands: ['boolean', 'index', 'index'], result: 'index' },
      { operands: ['boolean', 'number', 'number'], result: 'number' },
    ],
    syntax: { form: 'conditional', library: 'select' },
    evaluate: (condition: number, a: number, b: number) => (condition === 1 ? a : b),
    derivative: ([condition = zero], [, a = zero, b = zero]) => select(condition, a, b),
    bounds: (condition: Interval, a: Interval, b: Interval) => (condition.low === 1 ? a : condition.high === 0 ? b : bounds.union(a, b)),
  },
  /** Its operand, with derivative 0. */
  stopGradient: {
    ...call('stopGradient', 'library', 1),
    evaluate: (x: number) => x,
    derivative: () => zero,
    bounds: (x: Interval) => x,
  },
} as const satisfies Readonly<Record<string, Operator>>;

export type OperatorName = keyof typeof table;

export const operators: Readonly<Record<OperatorName, Operator>> = table;

export const operatorNames: readonly OperatorName[] = Object.keys(table).filter((name): name is OperatorName => name in table);

/** The signature that operands of these types choose; undefined when none fits. */
export function signatureFor(operator: OperatorName, types: readonly ValueType[]): Signature | undefined {
  const fits = (wanted: ValueType, given: ValueType | undefined) => given === wanted || (wanted === 'number' && given === 'index');
  return operators[operator].signatures.find(({ operands }) => operands.length === types.length && operands.every((wanted, i) => fits(wanted, types[i])));
}

type OperatorPart = Pick<Operator, 'signatures' | 'syntax'>;

function arithmetic(token: string, precedenceOfToken: number, math?: string): OperatorPart {
  const syntax = { form: 'infix', token, precedence: precedenceOfToken } as const;
  return { signatures: [{ operands: ['number', 'number'], result: 'number' }], syntax: math === undefined ? syntax : { ...syntax, math } };
}

/** Arithmetic that integers keep to themselves. */
function integral(token: string, precedenceOfToken: number): OperatorPart {
  return { ...arithmetic(token, precedenceOfToken), signatures: integersOrNumbers };
}

function call(name: string, from: 'math' | 'library', arity: 1 | 2, variadic = false): OperatorPart {
  const operands = arity === 1 ? (['number'] as const) : (['number', 'number'] as const);
  const syntax = { form: 'call', name, from } as const;
  return { signatures: [{ operands, result: 'number' }], syntax: variadic ? { ...syntax, variadic: true } : syntax };
}

function comparison(token: string, precedenceOfToken: number, also?: 'boolean'): OperatorPart & Pick<Operator, 'derivative'> {
  const signatures: readonly Signature[] = [
    { operands: ['number', 'number'], result: 'boolean' },
    ...(also === undefined ? [] : [{ operands: [also, also], result: 'boolean' } as const]),
  ];
  return { signatures, syntax: { form: 'infix', token, precedence: precedenceOfToken }, derivative: () => zero };
}

function logical(token: string, precedenceOfToken: number): OperatorPart & Pick<Operator, 'derivative'> {
  return {
    signatures: [{ operands: ['boolean', 'boolean'], result: 'boolean' }],
    syntax: { form: 'infix', token, precedence: precedenceOfToken },
    derivative: () => zero,
  };
}

/** The chain rule: each operand's tangent times the partial derivative with respect to it. */
function partials(...byOperand: readonly ((...operands: readonly Expression[]) => Expression)[]): Operator['derivative'] {
  return (operands, tangents) =>
    tangents
      .flatMap((tangent, i) => {
        const partial = byOperand[i];
        return partial === undefined || isConstant(tangent, 0) ? [] : [multiply(partial(...operands), tangent)];
      })
      .reduce((sum: Expression | undefined, term) => (sum === undefined ? term : add(sum, term)), undefined) ?? zero;
}

/** The tangent of the operand that was taken; on a tie the first. */
function choose(first: (a: Expression, b: Expression) => Expression): Operator['derivative'] {
  return ([a = zero, b = zero], [da = zero, db = zero]) => apply('select', first(a, b), da, db);
}
