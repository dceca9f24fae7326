import { printExpression, type PairwiseLoss, type SoftmaxTerm } from '../../dsl/index.js';

/** A loss that no source file declares, as a reader of a failure needs it. */
export function printLoss({ between, positives, logit, rows, cols, pairs }: PairwiseLoss): string {
  const relation = positives.kind === 'where' ? ` ${printExpression(positives.where)}` : positives.kind === 'column' ? ` ${printExpression(positives.column)}` : '';
  return [
    `${between.rows.join(' + ')} x ${between.cols.join(' + ')}, positives: ${positives.kind}${relation}`,
    `logit: ${printExpression(logit)}`,
    ...(rows === undefined ? [] : [`rows: ${printTerm(rows)}`]),
    ...(cols === undefined ? [] : [`cols: ${printTerm(cols)}`]),
    ...(pairs === undefined ? [] : [`pairs: ${pairs.weight} ${pairs.reduction} of ${printExpression(pairs.value)}`]),
  ].join('\n  ');
}

function printTerm({ weight, reduction, unmatched, counts, value, normaliser }: SoftmaxTerm): string {
  const where = counts === undefined ? '' : `, counts ${printExpression(counts)}`;
  return `${weight} ${reduction} of ${printExpression(value)}${where}, ${unmatched}${normaliser === 'own' ? '' : `, ${normaliser}`}`;
}
