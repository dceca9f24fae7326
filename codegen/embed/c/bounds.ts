import { assertNever } from '../../../dsl/assert-never.js';
import { equalExpressions, type Expression } from '../../../dsl/expression/index.js';
import { snakeCase } from './names.js';
import { writeDouble } from './doubles.js';

/** What an interval is made of that a run brings: names in C, of type Interval; undefined where it may be anything. */
export interface BoundsScope {
  readonly parameter: (name: string) => string;
  readonly input: (name: string) => string | undefined;
  readonly attribute: (side: 'row' | 'col', name: string) => string | undefined;
}

/** An interval that holds every value of the expression, as an expression of C in the functions of `bounds.h`. */
export function writeBounds(expression: Expression, scope: BoundsScope): string {
  switch (expression.kind) {
    case 'constant':
      return `exactly(${writeDouble(expression, () => '')})`;
    case 'input':
      return scope.input(expression.name) ?? 'anything';
    case 'parameter':
      return `exactly(${scope.parameter(expression.name)})`;
    case 'attribute':
      return scope.attribute(expression.side, expression.name) ?? 'anything';
    case 'apply': {
      const [first, second] = expression.operands;
      const operands = expression.operands.map((operand) => writeBounds(operand, scope));
      const square = expression.operator === 'multiply' && first !== undefined && second !== undefined && equalExpressions(first, second);
      return square ? `square_bounds(${operands[0] ?? 'anything'})` : `${snakeCase(expression.operator)}_bounds(${operands.join(', ')})`;
    }
    default:
      return assertNever(expression);
  }
}
