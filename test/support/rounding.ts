import { compileEvaluator, operators, typeOf, type Evaluator, type Expression, type OperatorName } from '../../dsl/expression/index.js';
import type { Arithmetic } from '../../runtime/reference/arithmetic.js';

/** These give one of their operands, or nothing that could be rounded. */
const exact: readonly OperatorName[] = ['select', 'min', 'max', 'negate', 'abs', 'sign', 'floor', 'stopGradient'];

/**
 * fp64 in which every result of every operation is off by at most `unit` of it: by chance, or (`bias`) always the same way. What
 * a loss makes of such errors is what kernels that round as much can be expected to be off by.
 */
export function roughArithmetic(unit: number, random: () => number, bias?: 1 | -1): Arithmetic {
  const round = (value: number): number => value * (1 + unit * (bias ?? 2 * random() - 1));
  return { evaluator: (expression) => evaluatorOf(expression, round), round };
}

function evaluatorOf(expression: Expression, round: (value: number) => number): Evaluator {
  if (expression.kind !== 'apply') return compileEvaluator(expression);
  const { evaluate } = operators[expression.operator];
  const operands = expression.operands.map((operand) => evaluatorOf(operand, round));
  const value: Evaluator = (environment) => evaluate(...operands.map((operand) => operand(environment)));
  return exact.includes(expression.operator) || typeOf(expression) !== 'number' ? value : (environment) => round(value(environment));
}
