import { differentiate, simplify } from '../../dsl/expression/index.js';
import type { Expression, InputName, Parameter } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss, SoftmaxTerm } from '../../dsl/loss.js';

/** The pair term's weight, its reduction included: known when the shapes are. Its name cannot be a user's parameter. */
export const pairWeight: Parameter = { kind: 'parameter', name: 'pair weight' };

/** The derivatives of a loss that its kernels evaluate, simplified (section 1: G, dX and dtheta). */
export interface LossDerivatives {
  readonly logit: Expression;
  readonly logitByDot: Expression;
  readonly logitByParams: readonly Expression[];
  readonly pair?: {
    readonly value: Expression;
    readonly byLogit: Expression;
    readonly byDot: Expression;
    readonly byParams: readonly Expression[];
  };
  readonly rows?: TermDerivatives;
  readonly cols?: TermDerivatives;
}

/** Of what a softmax adds to the loss for a row, unweighted. */
export interface TermDerivatives {
  readonly value: Expression;
  readonly byLse: Expression;
  readonly byPositiveLogit: Expression;
  readonly byMeanLogit: Expression;
  readonly byParams: readonly Expression[];
}

export function differentiateLoss(loss: PairwiseLoss): LossDerivatives {
  const { params, pairs, rows, cols } = loss;
  const logit = simplify(loss.logit);
  const value = pairs === undefined ? undefined : simplify({ kind: 'apply', operator: 'multiply', operands: [pairWeight, pairs.value] });
  return {
    logit,
    logitByDot: by(logit, 'dot'),
    logitByParams: byParams(logit, params),
    ...(value === undefined ? {} : { pair: { value, byLogit: by(value, 'logit'), byDot: by(value, 'dot'), byParams: byParams(value, params) } }),
    ...(rows === undefined ? {} : { rows: differentiateTerm(rows, params) }),
    ...(cols === undefined ? {} : { cols: differentiateTerm(cols, params) }),
  };
}

function differentiateTerm(term: SoftmaxTerm, params: readonly string[]): TermDerivatives {
  const value = simplify(term.value);
  return {
    value,
    byLse: by(value, 'lse'),
    byPositiveLogit: by(value, 'positiveLogit'),
    byMeanLogit: by(value, 'meanLogit'),
    byParams: byParams(value, params),
  };
}

function by(expression: Expression, name: InputName): Expression {
  return simplify(differentiate(expression, { kind: 'input', name }));
}

function byParams(expression: Expression, params: readonly string[]): readonly Expression[] {
  return params.map((name) => simplify(differentiate(expression, { kind: 'parameter', name })));
}
