import { isConstant, parameter } from '../../dsl/expression/build.js';
import { differentiate, simplify } from '../../dsl/expression/index.js';
import type { Expression } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { differentiateLoss, type LossDerivatives } from './derivatives.js';
import { lineOf, ofOther } from './line.js';
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
export function linearLogit({ params }: Pick<PairwiseLoss, 'params'>, { logit }: Pick<LossDerivatives, 'logit'>, uniforms: UniformFields): LinearLogit | undefined {
  const line = lineOf(ofOther(logit));
  if (line === undefined) return undefined;
  const { slope, intercept } = line;
  const byParams = params.map((name) => {
    const by = (expression: Expression): Expression => simplify(differentiate(expression, parameter(name)));
    return { slope: by(slope), intercept: by(intercept) };
  });
  return {
    slope: uniforms.number(slope),
    exponentSlope: uniforms.exponent(slope),
    exponentIntercept: uniforms.exponent(intercept),
    params: byParams.map((param) => ({ slope: uniforms.number(param.slope), intercept: uniforms.number(param.intercept) })),
    hasIntercepts: byParams.some((param) => !isConstant(param.intercept, 0)),
  };
}

export function isLinear(loss: PairwiseLoss): boolean {
  return linearLogit(loss, differentiateLoss(loss), new UniformFields()) !== undefined;
}
