import fc from 'fast-check';
import { apply, attribute, colIndex, constant, dot, logit, parameter, positive, rowIndex } from '../../dsl/expression/build.js';
import { evaluate, operatorNames, operators, subexpressions, type Environment, type Expression, type OperatorName } from '../../dsl/expression/index.js';
import type { Signature } from '../../dsl/expression/operators.js';

export interface ExpressionOptions {
  readonly without?: readonly OperatorName[];
  readonly depth?: number;
}

interface Typed {
  readonly number: Expression;
  readonly boolean: Expression;
  readonly index: Expression;
}

/** Random well-typed expressions with a number as value: in dot, logit, positive, attributes of both types, parameters a and b. */
export function numberExpressions(options: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  return typedExpressions(options).number;
}

/** Random integers: of indices, integer attributes and whole constants. */
export function indexExpressions(options: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  return typedExpressions(options).index;
}

export function booleanExpressions(options: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  return typedExpressions(options).boolean;
}

function typedExpressions({ without = [], depth = 4 }: ExpressionOptions): fc.LetrecValue<Typed> {
  return fc.letrec<Typed>((tie: fc.LetrecTypedTie<Typed>) => {
    const limits = { maxDepth: depth, depthIdentifier: 'expression' };
    const of = (result: keyof Typed) => operatorNames.filter((name) => !without.includes(name)).flatMap((name) => nodes(name, result, tie));
    return {
      number: fc.oneof(limits, numberLeaves, tie('index'), ...of('number')),
      boolean: fc.oneof(limits, booleanLeaves, ...of('boolean')),
      index: fc.oneof(limits, indexLeaves, ...of('index')),
    };
  });
}

const label = { row: attribute('row', 'label', 'index'), col: attribute('col', 'label', 'index') };
const weight = { row: attribute('row', 'weight', 'number'), col: attribute('col', 'weight', 'number') };

const indexLeaves = fc.constantFrom<Expression>(rowIndex, colIndex, label.row, label.col);

const numberLeaves = fc.oneof(
  fc.constantFrom<Expression>(dot, dot, logit, parameter('a'), parameter('b'), weight.row, weight.col),
  fc.constantFrom(-2, -1, -0.5, 0, 0.25, 0.5, 1, 2, 3).map(constant),
);

const booleanLeaves = fc.oneof(fc.constant<Expression>(positive), fc.boolean().map(constant));

const wholeConstants = fc.constantFrom(-2, -1, 0, 1, 2, 3).map(constant);
const divisors = fc.constantFrom(1, 2, 3, 8).map(constant);

function nodes(name: OperatorName, result: keyof Typed, tie: (key: keyof Typed) => fc.Arbitrary<Expression>): readonly fc.Arbitrary<Expression>[] {
  return operators[name].signatures
    .filter((signature) => signature.result === result)
    .map((signature) => operandsOf(name, signature, tie).map((made) => apply(name, ...made)));
}

function operandsOf(name: OperatorName, { operands, result }: Signature, tie: (key: keyof Typed) => fc.Arbitrary<Expression>): fc.Arbitrary<readonly Expression[]> {
  const drawn = fc.tuple(...operands.map((type) => tie(type)));
  if (result !== 'index') return drawn;
  if (name === 'remainder' || name === 'floorDivide') return fc.tuple(tie('index'), divisors);
  // Two constants alone are numbers: one of two integers is an index, on either side.
  const last = operands.length - 1;
  const oneConstant = fc.tuple(drawn, wholeConstants, fc.constantFrom(last - 1, last)).map(([made, whole, at]) => made.map((operand, i) => (i === at ? whole : operand)));
  return operands.filter((type) => type === 'index').length < 2 ? drawn : fc.oneof(drawn, oneConstant);
}

/** Numbers of ordinary size: no subnormals. */
export function numbers(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: Math.ceil(min * 8192), max: Math.floor(max * 8192) }).map((steps) => steps / 8192);
}

const attributes = fc.record({ index: fc.nat(7), label: fc.integer({ min: -3, max: 3 }), weight: numbers(-1, 2) });

export const environments: fc.Arbitrary<TestEnvironment> = fc.record({
  dot: numbers(-2, 2),
  logit: numbers(-3, 3),
  positive: fc.boolean(),
  row: attributes,
  col: attributes,
  params: fc.record({ a: numbers(0.25, 2), b: numbers(-1.5, 1.5) }),
});

type TestEnvironment = Required<Pick<Environment, 'dot' | 'logit' | 'positive' | 'row' | 'col' | 'params'>>;

/** What the random expressions' attributes are, for intervals and for lambdas. */
export const attributeRanges = { index: { low: 0, high: 7 }, label: { low: -3, high: 3 }, weight: { low: -1, high: 2 } } as const;
export const attributeTypes = { index: 'index', label: 'index', weight: 'number' } as const;

/** The largest magnitude that is met on the way; Infinity where something is not finite. */
export function largestIntermediate(expression: Expression, environment: Environment): number {
  return subexpressions(expression).reduce((largest, part) => {
    const value = Math.abs(Number(evaluate(part, environment)));
    return Number.isFinite(value) ? Math.max(largest, value) : Infinity;
  }, 0);
}
