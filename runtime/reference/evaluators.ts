import { differentiate, type Evaluator, type Expression, type InputName } from '../../dsl/expression/index.js';
import type { PairwiseLoss, SoftmaxTerm } from '../../dsl/loss.js';
import type { Arithmetic } from './arithmetic.js';

/** The expressions of a loss and their derivatives, as they are declared: not simplified, as kernels have them. */
export interface Evaluators {
  readonly logit: Evaluator;
  readonly logitByDot: Evaluator;
  readonly logitByParams: readonly Evaluator[];
  readonly pair?: { readonly value: Evaluator; readonly byLogit: Evaluator; readonly byDot: Evaluator; readonly byParams: readonly Evaluator[] };
  readonly rows?: TermEvaluators;
  readonly cols?: TermEvaluators;
}

export interface TermEvaluators {
  readonly counts?: Evaluator;
  readonly value: Evaluator;
  readonly byLse: Evaluator;
  readonly byPositiveLogit: Evaluator;
  readonly byMeanLogit: Evaluator;
  readonly byParams: readonly Evaluator[];
}

export function evaluatorsOf({ params, logit, rows, cols, pairs }: PairwiseLoss, { evaluator }: Arithmetic): Evaluators {
  const by = (expression: Expression, name: InputName) => evaluator(differentiate(expression, { kind: 'input', name }));
  const byParams = (expression: Expression) => params.map((name) => evaluator(differentiate(expression, { kind: 'parameter', name })));
  const term = ({ counts, value }: SoftmaxTerm): TermEvaluators => ({
    ...(counts === undefined ? {} : { counts: evaluator(counts) }),
    value: evaluator(value),
    byLse: by(value, 'lse'),
    byPositiveLogit: by(value, 'positiveLogit'),
    byMeanLogit: by(value, 'meanLogit'),
    byParams: byParams(value),
  });
  return {
    logit: evaluator(logit),
    logitByDot: by(logit, 'dot'),
    logitByParams: byParams(logit),
    ...(pairs === undefined
      ? {}
      : { pair: { value: evaluator(pairs.value), byLogit: by(pairs.value, 'logit'), byDot: by(pairs.value, 'dot'), byParams: byParams(pairs.value) } }),
    ...(rows === undefined ? {} : { rows: term(rows) }),
    ...(cols === undefined ? {} : { cols: term(cols) }),
  };
}
