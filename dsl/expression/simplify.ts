import { add, apply, constant, divide, isApply, isConstant, multiply, negate, not, one, select, subtract } from './build.js';
import { equalExpressions } from './equal.js';
import { evaluateNumber } from './evaluate-number.js';
import { normalProduct, normalSum } from './normal-form.js';
import type { Apply, Expression } from './nodes.js';
import type { OperatorName } from './operators.js';
import { typeOf, wholeValue } from './type-of.js';

/**
 * A smaller expression of the same value, up to rounding, wherever the original is finite. Sums and products come in a
 * normal form in which what does not depend on the pair stands together, so that kernels compute it once. A simplified
 * expression simplifies to itself. `stopGradient` stays: what follows may still be differentiated.
 */
export function simplify(expression: Expression): Expression {
  const next = pass(expression);
  return equalExpressions(next, expression) ? next : simplify(next);
}

function pass(expression: Expression): Expression {
  if (expression.kind !== 'apply') return expression;
  const operands = expression.operands.map(pass);
  const rebuilt: Apply = { ...expression, operands };
  const smaller = fold(rebuilt) ?? rules[expression.operator]?.(operands) ?? rebuilt;
  return typeOf(expression) === 'index' ? integer(smaller) ?? expression : smaller;
}

/** Integers stay integers, for what is made of them takes nothing else: constants alone, or one beyond int32, are numbers. */
function integer(expression: Expression): Expression | undefined {
  if (typeOf(expression) === 'index') return expression;
  const value = wholeValue(expression);
  return value === undefined ? undefined : constant(value);
}

/** Operators of constants, where the result is finite. */
function fold(expression: Apply): Expression | undefined {
  if (!expression.operands.every((operand) => isConstant(operand))) return undefined;
  const value = evaluateNumber(expression, {});
  if (typeOf(expression) === 'boolean') return constant(value === 1);
  return Number.isFinite(value) ? constant(value) : undefined;
}

type Rule = (operands: readonly Expression[]) => Expression | undefined;

const rules: Readonly<Partial<Record<OperatorName, Rule>>> = {
  add: binary((a, b) => normalSum(add(a, b))),
  subtract: binary((a, b) => normalSum(subtract(a, b))),
  multiply: binary((a, b) => normalProduct(multiply(a, b))),
  divide: binary((a, b) => normalProduct(divide(a, b))),
  negate: unary((x) => (isApply(x, 'add', 'subtract') ? normalSum(negate(x)) : normalProduct(negate(x)))),
  pow: binary(power),
  log: unary((x) => inside(x, 'exp')),
  abs: unary((x) => {
    const bare = inside(x, 'negate');
    return bare === undefined ? idempotent('abs', x) : apply('abs', bare);
  }),
  floor: unary((x) => idempotent('floor', x)),
  stopGradient: unary((x) => idempotent('stopGradient', x)),
  min: binary(same),
  max: binary(same),
  less: binary((a, b) => onEqual(a, b, false)),
  lessEqual: binary((a, b) => onEqual(a, b, true)),
  greater: binary((a, b) => onEqual(a, b, false)),
  greaterEqual: binary((a, b) => onEqual(a, b, true)),
  equal: binary((a, b) => onEqual(a, b, true) ?? againstTruth(a, b, true) ?? againstTruth(b, a, true)),
  notEqual: binary((a, b) => onEqual(a, b, false) ?? againstTruth(a, b, false) ?? againstTruth(b, a, false)),
  and: binary((a, b) => same(a, b) ?? absorb(a, b, true) ?? absorb(b, a, true)),
  or: binary((a, b) => same(a, b) ?? absorb(a, b, false) ?? absorb(b, a, false)),
  not: unary((x) => inside(x, 'not')),
  select: ([condition, a, b]) => (condition === undefined || a === undefined || b === undefined ? undefined : choose(condition, a, b)),
};

function unary(rule: (x: Expression) => Expression | undefined): Rule {
  return ([x]) => (x === undefined ? undefined : rule(x));
}

function binary(rule: (a: Expression, b: Expression) => Expression | undefined): Rule {
  return ([a, b]) => (a === undefined || b === undefined ? undefined : rule(a, b));
}

function choose(condition: Expression, a: Expression, b: Expression): Expression | undefined {
  if (isConstant(condition)) return condition.value === true ? a : b;
  const opposite = inside(condition, 'not');
  return opposite === undefined ? same(a, b) : select(opposite, b, a);
}

function power(base: Expression, exponent: Expression): Expression | undefined {
  if (isConstant(base, 1)) return base;
  return isConstant(exponent) ? powers.get(exponent.value)?.(base) : undefined;
}

/** Small powers as products, which hardware is good at. */
const powers: ReadonlyMap<number | boolean, (x: Expression) => Expression> = new Map<number, (x: Expression) => Expression>([
  [0, () => one],
  [0.5, (x) => apply('sqrt', x)],
  [1, (x) => x],
  [2, (x) => multiply(x, x)],
  [3, (x) => multiply(multiply(x, x), x)],
  [4, (x) => multiply(multiply(x, x), multiply(x, x))],
  [-1, (x) => divide(one, x)],
  [-2, (x) => divide(one, multiply(x, x))],
]);

/** `operator(x, x)` is x. */
function same(a: Expression, b: Expression): Expression | undefined {
  return equalExpressions(a, b) ? a : undefined;
}

function onEqual(a: Expression, b: Expression, truth: boolean): Expression | undefined {
  return equalExpressions(a, b) ? constant(truth) : undefined;
}

/** `and(x, true)` and `or(x, false)` are x; `and(x, false)` and `or(x, true)` are the constant. */
function absorb(x: Expression, other: Expression, neutral: boolean): Expression | undefined {
  if (!isConstant(other)) return undefined;
  return other.value === neutral ? x : other;
}

/** A boolean compared with a constant. */
function againstTruth(x: Expression, other: Expression, equal: boolean): Expression | undefined {
  if (!isConstant(other) || typeof other.value !== 'boolean') return undefined;
  return other.value === equal ? x : not(x);
}

/** The operand of an `operator` node. */
function inside(expression: Expression, operator: OperatorName): Expression | undefined {
  return isApply(expression, operator) ? expression.operands[0] : undefined;
}

function idempotent(operator: OperatorName, x: Expression): Expression | undefined {
  return isApply(x, operator) ? x : undefined;
}
