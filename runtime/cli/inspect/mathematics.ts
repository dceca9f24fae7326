import type { LossDerivatives, TermDerivatives } from '../../../codegen/emit/derivatives.js';
import { constant, multiply } from '../../../dsl/expression/build.js';
import { printExpression, simplify, type Expression } from '../../../dsl/expression/index.js';
import type { PairwiseLoss, SoftmaxTerm } from '../../../dsl/loss.js';

/** A name and what it is, one a line. */
export type Line = readonly [name: string, value: string];

/** The parts of a loss and their derivatives, simplified as kernels have them. */
export function partsOf(loss: PairwiseLoss, { logit, logitByDot, logitByParams, rows, cols, pair }: LossDerivatives): readonly Line[] {
  return [
    ['logit', printExpression(logit)],
    ...derivativesOf('logit', ['dot', ...loss.params], [logitByDot, ...logitByParams]),
    ...positivesOf(loss),
    ...termOf(loss, 'row', loss.rows, rows),
    ...termOf(loss, 'column', loss.cols, cols),
    ...(pair === undefined
      ? []
      : [
          ['pair', printExpression(pair.value)] as const,
          ...derivativesOf('pair', ['logit', 'dot', ...loss.params], [pair.byLogit, pair.byDot, ...pair.byParams]),
          ...pairWeightOf(loss),
        ]),
  ];
}

function positivesOf({ positives }: PairwiseLoss): readonly Line[] {
  if (positives.kind === 'column') return [['positive column', shown(positives.column)]];
  return positives.kind === 'where' ? [['positive', shown(positives.where)]] : [];
}

function termOf(loss: PairwiseLoss, side: Side, term: SoftmaxTerm | undefined, derivatives: TermDerivatives | undefined): readonly Line[] {
  if (term === undefined || derivatives === undefined) return [];
  const name = `${side} value`;
  return [
    ...(term.counts === undefined ? [] : [[`${side} counts`, shown(term.counts)] as const]),
    [name, printExpression(derivatives.value)],
    ...derivativesOf(name, ['lse', 'positiveLogit', 'meanLogit', ...loss.params], [derivatives.byLse, derivatives.byPositiveLogit, derivatives.byMeanLogit, ...derivatives.byParams]),
  ];
}

/** Those that are not 0 everywhere. */
function derivativesOf(of: string, names: readonly string[], expressions: readonly Expression[]): readonly Line[] {
  return names.flatMap((name, i) => {
    const expression = expressions[i];
    return expression === undefined || isZero(expression) ? [] : [[`d ${of} / d ${name}`, printExpression(expression)] as const];
  });
}

function pairWeightOf({ pairs }: PairwiseLoss): readonly Line[] {
  if (pairs === undefined) return [];
  const divisors = { rowMean: ' / rows', pairMean: ' / rows / columns', sum: '' } as const;
  return [['(pair weight)', `${pairs.weight}${divisors[pairs.reduction]}`]];
}

type Side = 'row' | 'column';

/** G, the derivative of the loss with respect to each logit, in coefficients of rows and columns; and the gradients made of it. */
export function gradientsOf(loss: PairwiseLoss, { rows, cols, pair, logitByParams }: LossDerivatives): readonly Line[] {
  const sides = [coefficients('row', loss.rows, rows), coefficients('column', loss.cols, cols)];
  const summands = [...sides.flatMap(({ summand }) => summand), ...(pair === undefined || isZero(pair.byLogit) ? [] : ['d pair / d logit'])];
  const plusPairs = (by: Expression | undefined, text: string) => (by === undefined || isZero(by) ? '' : ` + ${text}`);
  return [
    ['G', summands.length === 0 ? '0' : summands.join(' + ')],
    ...sides.flatMap(({ lines }) => lines),
    ['d loss / d dot', `G * (d logit / d dot)${plusPairs(pair?.byDot, 'd pair / d dot')}`],
    ...loss.params.map((name, i): Line => {
      const own = [['row', loss.rows, rows] as const, ['column', loss.cols, cols] as const].flatMap(([side, term, derivatives]) => {
        const by = derivatives?.byParams[i];
        return term === undefined || by === undefined || isZero(by) ? [] : [` + sum over ${side}s of ${weighted(side, term, by)}`];
      });
      const logits = logitByParams[i];
      const throughLogits = logits === undefined || isZero(logits) ? '0' : `G * (d logit / d ${name})`;
      return [`d loss / d ${name}`, `sum over pairs of ${throughLogits}${plusPairs(pair?.byParams[i], `d pair / d ${name}`)}${own.join('')}`];
    }),
  ];
}

/** What a softmax term adds to G: a at exp(logit - lse), b at each positive, c at each logit that counts. */
function coefficients(side: Side, term: SoftmaxTerm | undefined, derivatives: TermDerivatives | undefined): { readonly summand: readonly string[]; readonly lines: readonly Line[] } {
  if (term === undefined || derivatives === undefined) return { summand: [], lines: [] };
  const { byLse, byPositiveLogit, byMeanLogit } = derivatives;
  const lines: readonly (readonly [name: string, by: Expression, divisor: string])[] = [
    [`${side} a`, byLse, ''],
    [`${side} b`, byPositiveLogit, ` / positives of the ${side}`],
    [`${side} c`, byMeanLogit, ` / logits of the ${side} that count`],
  ];
  const present = lines.filter(([, by]) => !isZero(by));
  const counted = [...(isZero(byLse) ? [] : [`${side} a * exp(logit - ${side} lse)`]), ...(isZero(byMeanLogit) ? [] : [`${side} c`])];
  const mask = term.counts === undefined || counted.length === 0 ? counted : [`[${side} counts] * ${counted.length === 1 ? (counted[0] ?? '') : `(${counted.join(' + ')})`}`];
  return {
    summand: [...mask, ...(isZero(byPositiveLogit) ? [] : [`[positive] * ${side} b`])],
    lines: present.map(([name, by, divisor]) => [name, `${weighted(side, term, by)}${divisor}`]),
  };
}

/** Times the term's weight; a mean is over the rows that are not left out. */
function weighted(side: Side, { weight, reduction, unmatched }: SoftmaxTerm, by: Expression): string {
  const product = shown(multiply(constant(weight), by));
  const text = /^-?[\w.]+$/.test(product) ? product : `(${product})`;
  return reduction === 'sum' ? text : `${text} / ${unmatched === 'skip' ? 'matched ' : ''}${side}s`;
}

function shown(expression: Expression): string {
  return printExpression(simplify(expression));
}

function isZero(expression: Expression): boolean {
  return expression.kind === 'constant' && expression.value === 0;
}
