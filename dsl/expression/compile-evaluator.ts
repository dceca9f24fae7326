import { assertNever } from '../assert-never.js';
import type { Environment } from './evaluate-number.js';
import type { Expression } from './nodes.js';
import { operators } from './operators.js';

/** The value of one expression, in fp64; booleans are 0 and 1. What it reads has to be in the environment. */
export type Evaluator = (environment: Environment) => number;

/** The expression as nested functions: for millions of evaluations of one expression, where a walk of its tree is slow. */
export function compileEvaluator(expression: Expression): Evaluator {
  switch (expression.kind) {
    case 'constant': {
      const value = Number(expression.value);
      return () => value;
    }
    case 'input': {
      const { name } = expression;
      return (environment) => Number(environment[name]);
    }
    case 'parameter': {
      const { name } = expression;
      return ({ params }) => params?.[name] ?? NaN;
    }
    case 'attribute': {
      const { side, name } = expression;
      return (environment) => environment[side]?.[name] ?? NaN;
    }
    case 'apply':
      return compileApply(operators[expression.operator].evaluate, expression.operands.map(compileEvaluator));
    default:
      return assertNever(expression);
  }
}

function compileApply(apply: (...operands: number[]) => number, [a, b, c]: readonly Evaluator[]): Evaluator {
  if (a === undefined) return () => apply();
  if (b === undefined) return (environment) => apply(a(environment));
  if (c === undefined) return (environment) => apply(a(environment), b(environment));
  return (environment) => apply(a(environment), b(environment), c(environment));
}
