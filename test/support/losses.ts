import fc from 'fast-check';
import { isOfPositive } from '../../dsl/attributes.js';
import { add, apply, attribute, constant, divide, exp, input, multiply, parameter, subtract, tanh } from '../../dsl/expression/build.js';
import { interval, subexpressions, type Expression, type Interval, type Side } from '../../dsl/expression/index.js';
import { relationMistakes } from '../../dsl/loss-relations.js';
import type { AttributeTypes, PairTerm, PairwiseLoss, Positives, SoftmaxTerm, Tensor } from '../../dsl/loss.js';
import { conditions, labelOf, largestIndex, largestLabel, numbers, weightOf } from './pair-expressions.js';

/** Values that parameters `a` and `b` of random losses take. */
export const paramRange: Interval = { low: -1, high: 1.5 };

/** What the inner product of random inputs stays within. */
export const dotRange: Interval = { low: -2.25, high: 2.25 };

/** Logits stay where fp32 has digits left behind the point. */
const largestLogit = 25;

/**
 * Random losses of the whole form: logit, masks on indices, attributes, logits and positives, terms, relations, pair terms,
 * stacked tensors, shared normalisers, guides. Built as declarations make them; each is one that a declaration could make.
 */
export function losses(): fc.Arbitrary<PairwiseLoss> {
  return fc
    .record({ between: betweens, positives: relations, guide: fc.constantFrom(true, false, false), terms: fc.constantFrom(...termSets) })
    .chain(({ between, positives, guide, terms }) => {
      const [ownRows, ownCols] = [spansBoth(between.rows), spansBoth(between.cols)];
      const single = positives.kind !== 'where';
      return fc
        .record({
          logit: logits,
          rows: terms.includes('rows') ? softmaxTerms('row', { guide, single, shares: ownRows }) : fc.constant(undefined),
          cols: terms.includes('cols') ? softmaxTerms('col', { guide, single, shares: ownCols }) : fc.constant(undefined),
          pairs: terms.includes('pairs') ? pairTerms(guide) : fc.constant(undefined),
        })
        .map(({ logit, rows, cols, pairs }): PairwiseLoss => {
          const expressions = [logit, ...partsOf(rows), ...partsOf(cols), ...(pairs === undefined ? [] : [pairs.value]), ...relationOf(positives)];
          return {
            kind: 'pairwiseLoss',
            name: 'random',
            params: ['a', 'b'],
            attributes: { rows: declared(expressions, 'row'), cols: declared(expressions, 'col') },
            between,
            guide: expressions.some(readsGuide),
            positives,
            logit,
            ...(rows === undefined ? {} : { rows }),
            ...(cols === undefined ? {} : { cols }),
            ...(pairs === undefined ? {} : { pairs }),
          };
        });
    })
    .filter((loss) => relationMistakes(loss, () => undefined).length === 0);
}

type TermName = 'rows' | 'cols' | 'pairs';

const termSets: readonly (readonly TermName[])[] = [['rows'], ['rows'], ['cols'], ['rows', 'cols'], ['rows', 'cols'], ['pairs'], ['rows', 'pairs'], ['cols', 'pairs'], ['rows', 'cols', 'pairs']];

const usual: PairwiseLoss['between'] = { rows: ['queries'], cols: ['keys'] };
const both: readonly Tensor[] = ['queries', 'keys'];

const betweens = fc.constantFrom<PairwiseLoss['between']>(
  ...Array.from({ length: 6 }, () => usual),
  ...Array.from({ length: 3 }, () => ({ rows: both, cols: both })),
  { rows: ['queries'], cols: ['queries'] },
  { rows: ['keys'], cols: ['queries'] },
  { rows: ['queries'], cols: both },
  { rows: both, cols: ['keys'] },
);

const rowIndex = attribute('row', 'index', 'index');

const relations: fc.Arbitrary<Positives> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Positives>({ kind: 'diagonal' }) },
  { weight: 2, arbitrary: fc.constant<Positives>({ kind: 'indexMap' }) },
  { weight: 2, arbitrary: fc.constant<Positives>({ kind: 'counterpart' }) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        multiply(rowIndex, constant(2)),
        add(rowIndex, constant(1)),
        apply('floorDivide', rowIndex, constant(3)),
        apply('remainder', add(multiply(rowIndex, constant(5)), labelOf('row')), constant(7)),
        subtract(labelOf('row'), constant(1)),
      )
      .map((column): Positives => ({ kind: 'column', column })),
  },
  { weight: 3, arbitrary: conditions({ logits: false, positives: false, single: false, guide: false }, 1).map((where): Positives => ({ kind: 'where', where })) },
);

/** Linear in the inner product, and something on top; within {@link largestLogit}, by a bound or by a cap. */
const logits: fc.Arbitrary<Expression> = fc
  .record({
    scale: fc.constantFrom<Expression>(constant(1), constant(4), exp(parameter('a')), multiply(constant(6), exp(parameter('b'))), parameter('a')),
    more: fc.option(numbers({ logit: false, guide: false, positive: true }, 2), { freq: 3, nil: undefined }),
    weight: fc.constantFrom(1, 2, -0.5),
  })
  .map(({ scale, more, weight }) => {
    const linear = multiply(scale, input('dot'));
    return capped(more === undefined ? linear : add(linear, multiply(constant(weight), more)));
  });

function capped(logit: Expression): Expression {
  const place = { index: { low: 0, high: largestIndex }, view: { low: 0, high: 1 }, label: { low: -largestLabel, high: largestLabel }, weight: { low: 0, high: 1 } };
  const { low, high } = interval(logit, { dot: dotRange, row: place, col: place, params: { a: paramRange, b: paramRange } });
  if (Math.max(Math.abs(low), Math.abs(high)) <= largestLogit) return logit;
  return multiply(constant(largestLogit), tanh(divide(logit, constant(largestLogit))));
}

interface TermContext {
  readonly guide: boolean;
  readonly single: boolean;
  /** Whether the side has counterparts to share a normaliser with. */
  readonly shares: boolean;
}

function softmaxTerms(side: Side, { guide, single, shares }: TermContext): fc.Arbitrary<SoftmaxTerm> {
  return fc
    .record({
      weight: fc.constantFrom(1, 0.5, 2, -0.75),
      reduction: fc.constantFrom('mean', 'mean', 'sum'),
      unmatched: fc.constantFrom('skip', 'skip', 'skip', 'skip', 'refuse'),
      counts: fc.option(conditions({ logits: true, positives: true, single, guide }, 2), { freq: 2, nil: undefined }),
      value: termValues(side),
      normaliser: shares ? fc.constantFrom('own', 'counterparts') : fc.constant('own' as const),
    })
    .map(({ counts, ...term }): SoftmaxTerm => ({ kind: 'softmax', ...term, ...(counts === undefined ? {} : { counts }) }));
}

const [lse, positiveLogit, meanLogit] = [input('lse'), input('positiveLogit'), input('meanLogit')];
const crossEntropy = subtract(lse, positiveLogit);

function termValues(side: Side): fc.Arbitrary<Expression> {
  const parts = fc.constantFrom<Expression>(crossEntropy, subtract(lse, meanLogit), subtract(meanLogit, positiveLogit), lse, positiveLogit);
  const factors = fc.constantFrom<Expression>(constant(1), constant(-0.3), weightOf(side), parameter('a'), exp(parameter('b')), add(constant(1), divide(labelOf(side), constant(8))));
  const shapes = fc.constantFrom<(x: Expression) => Expression>(
    (x) => x,
    (x) => multiply(x, x),
    (x) => apply('softplus', subtract(x, parameter('b'))),
    (x) => multiply(apply('sigmoid', x), x),
    (x) => apply('max', x, parameter('a')),
    (x) => tanh(divide(x, constant(4))),
  );
  const term = fc.tuple(factors, shapes, parts).map(([factor, shape, part]) => multiply(factor, shape(part)));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<Expression>(crossEntropy) },
    { weight: 3, arbitrary: term },
    { weight: 2, arbitrary: fc.tuple(term, term).map(([x, y]) => add(x, y)) },
  );
}

function pairTerms(guide: boolean): fc.Arbitrary<PairTerm> {
  return fc.record({
    kind: fc.constant('pairTerm' as const),
    value: numbers({ logit: true, guide, positive: true }, 2).map((value) => add(apply('softplus', multiply(constant(0.5), input('logit'))), value)),
    weight: fc.constantFrom(1, 0.25, -2),
    reduction: fc.constantFrom('rowMean', 'pairMean', 'sum'),
  });
}

function partsOf(term: SoftmaxTerm | undefined): readonly Expression[] {
  return term === undefined ? [] : [term.value, ...(term.counts === undefined ? [] : [term.counts])];
}

function relationOf(positives: Positives): readonly Expression[] {
  if (positives.kind === 'where') return [positives.where];
  return positives.kind === 'column' ? [positives.column] : [];
}

function readsGuide(expression: Expression): boolean {
  return subexpressions(expression).some((part) => (part.kind === 'input' && part.name === 'guide') || (part.kind === 'attribute' && part.name === 'positiveGuide'));
}

/** The attributes that are read, and no others. */
function declared(expressions: readonly Expression[], side: Side): AttributeTypes {
  const read = expressions.flatMap(subexpressions).flatMap((part) => (part.kind === 'attribute' && part.side === side && !isOfPositive(part.name) ? [part.name] : []));
  return { ...(read.includes('label') ? { label: 'i32' } : {}), ...(read.includes('weight') ? { weight: 'f32' } : {}) };
}

function spansBoth(tensors: readonly Tensor[]): boolean {
  return tensors.length > 1;
}
