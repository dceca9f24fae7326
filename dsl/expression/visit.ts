import { equalExpressions } from './equal.js';
import type { Expression, Input, Parameter } from './nodes.js';

/** The expression and all its subexpressions, outermost first. */
export function subexpressions(expression: Expression): readonly Expression[] {
  return expression.kind === 'apply' ? [expression, ...expression.operands.flatMap(subexpressions)] : [expression];
}

/** Whether the value is read anywhere. (Its derivative may still be zero everywhere.) */
export function dependsOn(expression: Expression, variable: Input | Parameter): boolean {
  if (expression.kind === 'apply') return expression.operands.some((operand) => dependsOn(operand, variable));
  return expression.kind === variable.kind && equalExpressions(expression, variable);
}

/** Whether the value is the same for every pair: made of constants and parameters only. */
export function isUniform(expression: Expression): boolean {
  if (expression.kind === 'apply') return expression.operands.every(isUniform);
  return expression.kind === 'constant' || expression.kind === 'parameter';
}

/** Number of nodes. */
export function sizeOf(expression: Expression): number {
  return expression.kind === 'apply' ? expression.operands.reduce((sum, operand) => sum + sizeOf(operand), 1) : 1;
}
