import fc from 'fast-check';
import { apply, colIndex, constant, dot, logit, parameter, positive, rowIndex } from '../../dsl/expression/build.js';
import { evaluate, operatorNames, operators, subexpressions, type Environment, type Expression, type OperatorName } from '../../dsl/expression/index.js';

export interface ExpressionOptions {
  readonly without?: readonly OperatorName[];
  readonly depth?: number;
}

/** Random well-typed expressions with a number as value, in dot, logit, positive, the indices and parameters a and b. */
export function numberExpressions({ without = [], depth = 4 }: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  const { number } = fc.letrec<{ number: Expression; boolean: Expression }>((tie) => ({
    number: fc.oneof({ maxDepth: depth, depthIdentifier: 'expression' }, numberLeaves, ...nodes('number', without, tie)),
    boolean: fc.oneof({ maxDepth: depth, depthIdentifier: 'expression' }, booleanLeaves, ...nodes('boolean', without, tie)),
  }));
  return number;
}

const numberLeaves: fc.Arbitrary<Expression> = fc.oneof(
  fc.constantFrom<Expression>(dot, dot, logit, parameter('a'), parameter('b'), rowIndex, colIndex),
  fc.constantFrom(-2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 3).map(constant),
);

const booleanLeaves: fc.Arbitrary<Expression> = fc.oneof(fc.constant<Expression>(positive), fc.boolean().map(constant));

function nodes(result: 'number' | 'boolean', without: readonly OperatorName[], tie: (key: 'number' | 'boolean') => fc.Arbitrary<Expression>): readonly fc.Arbitrary<Expression>[] {
  return operatorNames
    .filter((name) => !without.includes(name))
    .flatMap((name) =>
      operators[name].signatures
        .filter((signature) => signature.result === result)
        .map(({ operands }) => fc.tuple(...operands.map((type) => tie(type === 'boolean' ? 'boolean' : 'number'))).map((made) => apply(name, ...made))),
    );
}

/** Numbers of ordinary size: no subnormals. */
export function numbers(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: Math.ceil(min * 8192), max: Math.floor(max * 8192) }).map((steps) => steps / 8192);
}

export const environments: fc.Arbitrary<Required<Environment>> = fc.record({
  dot: numbers(-2, 2),
  logit: numbers(-3, 3),
  positive: fc.boolean(),
  row: fc.nat(7),
  col: fc.nat(7),
  params: fc.record({ a: numbers(0.25, 2), b: numbers(-1.5, 1.5) }),
});

/** The largest magnitude that is met on the way; Infinity where something is not finite. */
export function largestIntermediate(expression: Expression, environment: Environment): number {
  return subexpressions(expression).reduce((largest, part) => {
    const value = Math.abs(Number(evaluate(part, environment)));
    return Number.isFinite(value) ? Math.max(largest, value) : Infinity;
  }, 0);
}
