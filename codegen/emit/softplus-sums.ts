import { divide, isConstant, logit, multiply, negate, one, parameter } from '../../dsl/expression/build.js';
import { differentiate, isUniform, simplify, substitute, type OperatorName } from '../../dsl/expression/index.js';
import type { Expression } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { pairWeight } from './derivatives.js';
import { lineOf, ofOther, type Line } from './line.js';
import type { UniformFields } from './uniforms.js';

/** weight softplus(argument), with a weight that is the same for all pairs. */
export interface SoftplusTerm {
  readonly weight: Expression;
  readonly argument: Line;
}

/**
 * The weighted pair term of a pair that is no positive, where it is a sum of softpluses of lines of the dot and the logit is such a line
 * too. Undefined where it is anything else, and where the softpluses are more than registers hold the sums of.
 */
export function softplusTerms({ logit: ofDot, pairs }: Pick<PairwiseLoss, 'logit' | 'pairs'>): readonly SoftplusTerm[] | undefined {
  if (pairs === undefined || lineOf(ofOther(ofDot)) === undefined) return undefined;
  const inDot = substitute(pairs.value, (leaf) => (leaf.kind === 'input' && leaf.name === logit.name ? ofDot : undefined));
  const terms = termsOf(simplify(multiply(pairWeight, ofOther(inDot))));
  return terms === undefined || terms.length > mostTerms ? undefined : terms;
}

const mostTerms = 2;

function termsOf(expression: Expression): readonly SoftplusTerm[] | undefined {
  if (expression.kind !== 'apply') return undefined;
  const [a, b] = expression.operands;
  return a === undefined ? undefined : rules[expression.operator]?.(a, b ?? one);
}

/** What the terms of a sum, a product, a softplus are. */
const rules: Readonly<Partial<Record<OperatorName, (a: Expression, b: Expression) => readonly SoftplusTerm[] | undefined>>> = {
  softplus: (a) => {
    const argument = lineOf(a);
    return argument === undefined ? undefined : [{ weight: one, argument }];
  },
  add: (a, b) => joined(termsOf(a), termsOf(b)),
  subtract: (a, b) => joined(termsOf(a), weighted(b, negate)),
  negate: (a) => weighted(a, negate),
  multiply: (a, b) => (isUniform(a) ? weighted(b, (weight) => multiply(a, weight)) : undefined),
  divide: (a, b) => (isUniform(b) ? weighted(a, (weight) => divide(weight, b)) : undefined),
};

function weighted(expression: Expression, by: (weight: Expression) => Expression): readonly SoftplusTerm[] | undefined {
  return termsOf(expression)?.map(({ weight, argument }) => ({ weight: simplify(by(weight)), argument }));
}

function joined(a: readonly SoftplusTerm[] | undefined, b: readonly SoftplusTerm[] | undefined): readonly SoftplusTerm[] | undefined {
  return a === undefined || b === undefined ? undefined : [...a, ...b];
}

/** A term as texts, fields of `struct Uniforms` or literals: what kernels make of a dot x, and of their sums over pairs. */
export interface SoftplusSum {
  /** Base 2: the argument times log2(e) = exponentSlope x + exponentIntercept. */
  readonly exponentSlope: string;
  readonly exponentIntercept: string;
  /** d term / d x = slope sigmoid(argument). */
  readonly slope: string;
  /** What is added to each of a tile's scalars (0: the value; i + 1: the gradient of the i-th parameter): a sum, by a factor. */
  readonly shares: readonly { readonly scalar: number; readonly sum: SumName; readonly factor: string }[];
}

/** Over pairs: of the softplus, of its derivative, and of its derivative times the dot. Members of `SoftplusSums`. */
type SumName = 'value()' | 'ones' | 'dots';

export function softplusSum({ weight, argument }: SoftplusTerm, params: readonly string[], uniforms: UniformFields): SoftplusSum {
  const { slope, intercept } = argument;
  const share = (scalar: number, sum: SumName, factor: Expression) => (isConstant(factor, 0) ? [] : [{ scalar, sum, factor: uniforms.field(factor) }]);
  const by = (name: string, expression: Expression): Expression => simplify(differentiate(expression, parameter(name)));
  const ofArgument = (derivative: Expression): Expression => simplify(multiply(weight, derivative));
  return {
    exponentSlope: uniforms.exponent(slope),
    exponentIntercept: uniforms.exponent(intercept),
    slope: uniforms.number(ofArgument(slope)),
    shares: [
      ...share(0, 'value()', weight),
      ...params.flatMap((name, i) => [
        ...share(i + 1, 'value()', by(name, weight)),
        ...share(i + 1, 'dots', ofArgument(by(name, slope))),
        ...share(i + 1, 'ones', ofArgument(by(name, intercept))),
      ]),
    ],
  };
}
