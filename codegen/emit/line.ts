import { constant, dot, zero } from '../../dsl/expression/build.js';
import { differentiate, isUniform, simplify, subexpressions, substitute, type OperatorName } from '../../dsl/expression/index.js';
import type { Expression } from '../../dsl/expression/nodes.js';

/** A number that is linear in the dot, slope x + intercept, with one slope and one intercept for all pairs. */
export interface Line {
  readonly slope: Expression;
  readonly intercept: Expression;
}

/** Undefined where the expression is not linear in the dot, or differs between pairs by more than their dots. */
export function lineOf(expression: Expression): Line | undefined {
  const slope = simplify(differentiate(expression, dot));
  const intercept = simplify(substitute(expression, (leaf) => (leaf.kind === 'input' && leaf.name === 'dot' ? zero : undefined)));
  return isUniform(slope) && isUniform(intercept) && isArithmetic(simplify(expression)) ? { slope, intercept } : undefined;
}

/** The expression of a pair that is no positive. */
export function ofOther(expression: Expression): Expression {
  return substitute(expression, (leaf) => (leaf.kind === 'input' && leaf.name === 'positive' ? constant(false) : undefined));
}

/** Whether nothing but sums and products is made of what differs between pairs: steps and stopped gradients have slopes that do not tell. */
function isArithmetic(expression: Expression): boolean {
  return subexpressions(expression).every((part) => part.kind !== 'apply' || arithmetic.has(part.operator) || isUniform(part));
}

const arithmetic: ReadonlySet<OperatorName> = new Set(['add', 'subtract', 'multiply', 'divide', 'negate']);
