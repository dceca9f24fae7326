import { emitEpilogue } from '../../../codegen/emit/epilogue.js';
import { printExpression, type Expression } from '../../../dsl/expression/index.js';
import type { PairTerm, SoftmaxTerm } from '../../../dsl/loss.js';
import { facts } from '../report.js';
import type { Inspected } from './request.js';

/** The mathematics of a loss, its derivatives, and the functions that its kernels call on each logit. */
export function printExpressions({ loss, target, program: { derivatives } }: Inspected): string {
  const { logit, logitByDot, logitByParams, pair } = derivatives;
  const by = (of: string, expressions: readonly (Expression | undefined)[]) =>
    loss.params.flatMap((name, i) => {
      const expression = expressions[i];
      return expression === undefined ? [] : [[`d ${of} / d ${name}`, printExpression(expression)] as const];
    });
  const { uniforms, logit: logitText, value, backward } = emitEpilogue(loss, target.dialect);
  const emitted = [uniforms, logitText, value, backward].filter((text) => text !== '');
  return [
    facts([
      ['loss', loss.name],
      ['parameters', loss.params.length === 0 ? 'none' : loss.params.join(', ')],
      ['positives', loss.positives.kind],
      ...(loss.rows === undefined ? [] : [['rows', softmax(loss.rows)] as const]),
      ...(loss.cols === undefined ? [] : [['columns', softmax(loss.cols)] as const]),
      ...(loss.pairs === undefined ? [] : [['pairs', pairTerm(loss.pairs)] as const]),
    ]),
    facts([
      ['logit', printExpression(logit)],
      ['d logit / d dot', printExpression(logitByDot)],
      ...by('logit', logitByParams),
      ...(pair === undefined
        ? []
        : ([
            ['pair', printExpression(pair.value)],
            ['d pair / d logit', printExpression(pair.byLogit)],
            ['d pair / d dot', printExpression(pair.byDot)],
            ...by('pair', pair.byParams),
          ] as const)),
    ]),
    `emitted for ${target.name}\n\n${emitted.join('\n\n')}\n`,
  ].join('\n');
}

function softmax({ weight, reduction, unmatched }: SoftmaxTerm): string {
  return `softmax, weight ${weight}, ${reduction}, unmatched: ${unmatched}`;
}

function pairTerm({ value, weight, reduction }: PairTerm): string {
  return `${printExpression(value)}, weight ${weight}, ${reduction}`;
}
