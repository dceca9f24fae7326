import { assertNever } from '../assert-never.js';
import type { Expression, InputName } from './nodes.js';
import { operators } from './operators.js';

/** What a pair is (or a row or column, for its softmax term), for one evaluation. Only what the expression reads has to be there. */
export interface Environment extends Readonly<Partial<Record<Exclude<InputName, 'positive'>, number>>> {
  readonly positive?: boolean;
  /** Attributes by name. */
  readonly row?: Readonly<Record<string, number>>;
  readonly col?: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, number>>;
}

/** The value, in fp64; booleans are 0 and 1. */
export function evaluateNumber(expression: Expression, environment: Environment): number {
  switch (expression.kind) {
    case 'constant':
      return Number(expression.value);
    case 'input':
      return Number(given(environment[expression.name], expression.name));
    case 'parameter':
      return given(environment.params?.[expression.name], `params.${expression.name}`);
    case 'attribute':
      return given(environment[expression.side]?.[expression.name], `${expression.side}.${expression.name}`);
    case 'apply':
      return operators[expression.operator].evaluate(...expression.operands.map((operand) => evaluateNumber(operand, environment)));
    default:
      return assertNever(expression);
  }
}

function given<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the expression reads ${name}, which has no value`);
  return value;
}
