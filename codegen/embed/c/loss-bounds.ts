import { subexpressions, type Expression } from '../../../dsl/expression/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import { differentiateLoss, pairWeight, type TermDerivatives } from '../../emit/derivatives.js';
import { attributeParameter } from '../../emit/places.js';
import { writeBounds, type BoundsScope } from './bounds.js';
import { memberName } from './names.js';

/** Bounds that a run is prepared by, as expressions of C in `const Environment* e`: intervals, and the largest magnitudes of derivatives. */
export interface LossBounds {
  readonly declared: string;
  readonly logit: string;
  readonly softmax: string;
  readonly pairByLogit: string;
  readonly pairByDot: string;
  readonly logitByDot: string;
  /** Of the loss: what a row, a column and a pair add at the most, without the weights of rows and columns. */
  readonly rowValue: string;
  readonly colValue: string;
  readonly pairValue: string;
  /** The same of each parameter's gradient; `logit`: what a logit changes by. */
  readonly byParams: readonly { readonly rowValue: string; readonly colValue: string; readonly pair: string; readonly logit: string }[];
}

/** `ranged`: attributes, by their parameters, whose ranges the environment has. */
export function boundsOf(loss: PairwiseLoss, ranged: ReadonlySet<string>): LossBounds {
  const { logit, logitByDot, logitByParams, pair, rows, cols } = differentiateLoss(loss);
  const inputs: Readonly<Record<string, string>> = { dot: 'e->dot', positive: 'every_truth' };
  const ofLogits = { ...inputs, logit: 'e->logit', lse: 'e->lse', positiveLogit: 'e->logit', meanLogit: 'e->logit' };
  const scope = (known: Readonly<Record<string, string>>): BoundsScope => ({
    parameter: (name) => (name === pairWeight.name ? 'e->pair_weight' : `e->params->${memberName(name)}`),
    input: (name) => known[name],
    attribute: (side, name) => {
      if (name === 'index') return `e->${side}_index`;
      if (name === 'view') return 'e->view';
      const parameter = attributeParameter(side, name);
      return ranged.has(parameter) ? `e->${parameter}` : undefined;
    },
  });
  const largest = (expression: Expression | undefined): string => (expression === undefined ? '0' : `largest_magnitude(ends_of(${writeBounds(expression, scope(ofLogits))}))`);
  const term = (side: 'row' | 'col', own: TermDerivatives | undefined): readonly string[] =>
    own === undefined ? [] : [`fabs(${side}_weight) * (${[own.byLse, own.byPositiveLogit, own.byMeanLogit].map(largest).join(' + ')})`];
  const terms = [...term('row', rows), ...term('col', cols)];
  return {
    declared: writeBounds(loss.logit, scope(inputs)),
    logit: writeBounds(logit, scope(ofLogits)),
    softmax: terms.length === 0 ? '0' : terms.join(' + '),
    pairByLogit: largest(pair?.byLogit),
    pairByDot: largest(pair?.byDot),
    logitByDot: largest(logitByDot),
    rowValue: largest(rows?.value),
    colValue: largest(cols?.value),
    pairValue: largest(pair?.value),
    byParams: logitByParams.map((byParam, i) => ({ rowValue: largest(rows?.byParams[i]), colValue: largest(cols?.byParams[i]), pair: largest(pair?.byParams[i]), logit: largest(byParam) })),
  };
}

/** Attributes, by their parameters, whose ranges bounds are made of; `gradients`: those of derivatives too. */
export function readByBounds(loss: PairwiseLoss, gradients: boolean): ReadonlySet<string> {
  const { logit, logitByDot, pair, rows, cols } = differentiateLoss(loss);
  const ofTerm = (term: TermDerivatives | undefined) => (term === undefined ? [] : [term.byLse, term.byPositiveLogit, term.byMeanLogit]);
  const ofGradients = [logitByDot, ...(pair === undefined ? [] : [pair.byLogit, pair.byDot]), ...ofTerm(rows), ...ofTerm(cols)];
  return new Set([loss.logit, logit, ...(gradients ? ofGradients : [])].flatMap((expression) => [...attributesIn(expression)]));
}

/** Attributes, by their parameters. */
export function attributesIn(expression: Expression): ReadonlySet<string> {
  return new Set(subexpressions(expression).flatMap((part) => (part.kind === 'attribute' ? [attributeParameter(part.side, part.name)] : [])));
}
