import { assertNever } from '../assert-never.js';
import { anything, everyTruth, isAnything, squareBounds, type Interval } from './bounds.js';
import { equalExpressions } from './equal.js';
import type { Expression, InputName } from './nodes.js';
import { operators } from './operators.js';

export type { Interval } from './bounds.js';

/** What is known before a run about all its pairs. What is absent may be anything. `row`, `col`: of the attributes, by name. */
export interface IntervalEnvironment extends Readonly<Partial<Record<Exclude<InputName, 'positive'>, Interval>>> {
  /** Both, unless said. */
  readonly positive?: boolean;
  readonly row?: Readonly<Record<string, Interval>>;
  readonly col?: Readonly<Record<string, Interval>>;
  readonly params?: Readonly<Record<string, number | Interval>>;
}

/**
 * An interval that holds every value of the expression, in fp64 with its rounding. It is unbounded where a value may be NaN.
 * (fp32 kernels round more: a bound for them needs a margin.)
 */
export function interval(expression: Expression, environment: IntervalEnvironment): Interval {
  const bounds = enclose(expression, environment);
  return isAnything(bounds) ? { low: -Infinity, high: Infinity } : bounds;
}

function enclose(expression: Expression, environment: IntervalEnvironment): Interval {
  switch (expression.kind) {
    case 'constant':
      return point(Number(expression.value));
    case 'input':
      if (expression.name !== 'positive') return environment[expression.name] ?? anything;
      return environment.positive === undefined ? everyTruth : point(Number(environment.positive));
    case 'parameter': {
      const value = environment.params?.[expression.name] ?? anything;
      return typeof value === 'number' ? point(value) : value;
    }
    case 'attribute':
      return environment[expression.side]?.[expression.name] ?? anything;
    case 'apply': {
      const [first, second] = expression.operands;
      const operands = expression.operands.map((operand) => enclose(operand, environment));
      const [firstBounds = anything] = operands;
      const square = expression.operator === 'multiply' && first !== undefined && second !== undefined && equalExpressions(first, second);
      return square ? squareBounds(firstBounds) : operators[expression.operator].bounds(...operands);
    }
    default:
      return assertNever(expression);
  }
}

function point(value: number): Interval {
  return { low: value, high: value };
}
