import { apply, constant, parameter } from '../../dsl/expression/build.js';
import { differentiate, isUniform, simplify, subexpressions, substitute, type OperatorName } from '../../dsl/expression/index.js';
import type { Expression } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { differentiateLoss, type LossDerivatives } from './derivatives.js';
import { UniformFields } from './uniforms.js';

/**
 * A logit that is linear in the dot, s = slope x + intercept, with one slope and one intercept for all pairs that are no positives:
 * as texts, fields of `struct Uniforms` or literals. From the dot to the exponent is then one multiplication, and what the
 * parameters' gradients are made of is summed once for all of them.
 */
export interface LinearLogit {
  readonly slope: string;
  /** Base 2: s log2(e) = exponentSlope x + exponentIntercept. */
  readonly exponentSlope: string;
  readonly exponentIntercept: string;
  /** d s / d parameter = slope x + intercept, for each parameter. */
  readonly params: readonly { readonly slope: string; readonly intercept: string }[];
  /** Whether any parameter's intercept is not zero. */
  readonly hasIntercepts: boolean;
}

/** Undefined where the logit is not linear, or differs between pairs by more than their dots. */
export function linearLogit({ params }: Pick<PairwiseLoss, 'params'>, { logit, logitByDot }: LossDerivatives, uniforms: UniformFields): LinearLogit | undefined {
  const [slope, intercept] = [simplify(ofOther(logitByDot, {})), simplify(ofOther(logit, { dot: 0 }))];
  if (!isUniform(slope) || !isUniform(intercept) || !isArithmetic(simplify(ofOther(logit, {})))) return undefined;
  const field = (expression: Expression): string => (isZero(expression) ? '0.0f' : uniforms.field(expression));
  const inBase2 = (expression: Expression): string => field(simplify(apply('multiply', constant(Math.LOG2E), expression)));
  const byParams = params.map((name) => {
    const by = (expression: Expression): Expression => simplify(differentiate(expression, parameter(name)));
    return { slope: by(slope), intercept: by(intercept) };
  });
  return {
    slope: field(slope),
    exponentSlope: inBase2(slope),
    exponentIntercept: inBase2(intercept),
    params: byParams.map((param) => ({ slope: field(param.slope), intercept: field(param.intercept) })),
    hasIntercepts: byParams.some((param) => !isZero(param.intercept)),
  };
}

export function isLinear(loss: PairwiseLoss): boolean {
  return linearLogit(loss, differentiateLoss(loss), new UniformFields()) !== undefined;
}

/** Of a pair that is no positive. */
function ofOther(expression: Expression, { dot }: { readonly dot?: number }): Expression {
  return substitute(expression, (leaf) => {
    if (leaf.kind !== 'input') return undefined;
    if (leaf.name === 'positive') return constant(false);
    return leaf.name === 'dot' && dot !== undefined ? constant(dot) : undefined;
  });
}

/** Whether nothing but sums and products is made of what differs between pairs: steps and stopped gradients have slopes that do not tell. */
function isArithmetic(logit: Expression): boolean {
  return subexpressions(logit).every((part) => part.kind !== 'apply' || arithmetic.has(part.operator) || isUniform(part));
}

const arithmetic: ReadonlySet<OperatorName> = new Set(['add', 'subtract', 'multiply', 'divide', 'negate']);

function isZero(expression: Expression): boolean {
  return expression.kind === 'constant' && expression.value === 0;
}
