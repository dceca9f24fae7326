import { differentiate, simplify } from '../../dsl/expression/index.js';
import type { Expression, Parameter } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Dialect } from './dialect.js';
import { ExpressionWriter } from './expression-writer.js';

/**
 * A loss's arithmetic as text in a target's language: the functions that templates call on each logit of a tile.
 * `uniforms` declares `struct Uniforms`, the values that are the same for every pair; they are computed in fp64 by the
 * runtime and passed by value, so no kernel evaluates a function of the parameters alone.
 */
export interface EmittedEpilogue {
  readonly uniforms: string;
  /** `pairwise_logit(dot, positive, row, col, uniforms)` -> s. */
  readonly logit: string;
  /** `pairwise_value(dot, logit, positive, row, col, uniforms)` -> the weighted pair term; empty without one. */
  readonly value: string;
  /**
   * `pairwise_backward(dot, logit, softmax, positive, row, col, uniforms)` -> `PairGradient { dot; scalars[kScalars] }`:
   * the derivative with respect to the dot, and what the pair adds to the pair term's sum and to each parameter's gradient.
   * `softmax` is the softmax terms' share of dL/ds.
   */
  readonly backward: string;
  /** 1 + the number of parameters. */
  readonly scalarCount: number;
  /** What each field `u0, u1, ...` of `Uniforms` is, in the parameters and {@link pairWeight}. */
  readonly uniformValues: readonly Expression[];
}

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
}

export function differentiateLoss(loss: PairwiseLoss): LossDerivatives {
  const logit = simplify(loss.logit);
  const by = (expression: Expression, name: 'dot' | 'logit') => simplify(differentiate(expression, { kind: 'input', name }));
  const byParams = (expression: Expression) =>
    loss.params.map((name) => simplify(differentiate(expression, { kind: 'parameter', name })));
  const derivatives = { logit, logitByDot: by(logit, 'dot'), logitByParams: byParams(logit) };
  if (loss.pairs === undefined) return derivatives;
  const value = simplify({ kind: 'apply', operator: 'multiply', operands: [pairWeight, loss.pairs.value] });
  return { ...derivatives, pair: { value, byLogit: by(value, 'logit'), byDot: by(value, 'dot'), byParams: byParams(value) } };
}

export function emitEpilogue(loss: PairwiseLoss, dialect: Dialect): EmittedEpilogue {
  const derivatives = differentiateLoss(loss);
  const writer = new ExpressionWriter(dialect);
  const number = dialect.types.number;
  const logit = writer.function(`${number} pairwise_logit`, signature(dialect, ['dot']), (body) => [
    `return ${body.text(derivatives.logit)};`,
  ]);
  const pair = derivatives.pair;
  const value =
    pair === undefined
      ? ''
      : writer.function(`${number} pairwise_value`, signature(dialect, ['dot', 'logit']), (body) => [
          `return ${body.text(pair.value)};`,
        ]);
  const backward = writer.function('PairGradient pairwise_backward', signature(dialect, ['dot', 'logit', 'softmax']), (body) => {
    body.alias(derivatives.logit, 'logit');
    const gradient = pair === undefined ? 'softmax' : `softmax + ${body.operand(pair.byLogit)}`;
    const chain = (outer: Expression, direct: Expression | undefined) => body.sum(body.product('gradient', outer), direct);
    const scalars = [
      pair === undefined ? body.text(zero) : body.text(pair.value),
      ...derivatives.logitByParams.map((outer, i) => chain(outer, pair?.byParams[i])),
    ];
    return [
      `const ${number} gradient = ${gradient};`,
      `return {${chain(derivatives.logitByDot, pair?.byDot)}, {${scalars.join(', ')}}};`,
    ];
  });
  return {
    uniforms: writer.uniformsStruct(),
    logit,
    value,
    backward: `struct PairGradient {\n  ${number} dot;\n  ${number} scalars[kScalars];\n};\n\n${backward}`,
    scalarCount: 1 + loss.params.length,
    uniformValues: writer.uniformValues(),
  };
}

const zero: Expression = { kind: 'constant', value: 0 };

function signature(dialect: Dialect, numbers: readonly string[]): string {
  const { number, boolean, index } = dialect.types;
  const parameters = [
    ...numbers.map((name) => `${number} ${name}`),
    `${boolean} positive`,
    `${dialect.rowType} row`,
    `${index} col`,
    'const Uniforms& uniforms',
  ];
  return parameters.join(', ');
}
