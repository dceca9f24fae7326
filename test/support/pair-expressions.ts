import fc from 'fast-check';
import { add, apply, attribute, constant, divide, exp, input, multiply, not, parameter, select, sqrt, subtract, tanh } from '../../dsl/expression/build.js';
import type { Expression, Side } from '../../dsl/expression/nodes.js';

/*
 * Random expressions of a pair whose values stay small and whose derivatives exist nearly everywhere: made of operators that
 * keep magnitudes, unlike those of `expressions.ts`, which try every operator on anything.
 */

/** What random rows and labels stay below. */
export const largestIndex = 255;
export const largestLabel = 3;

export const labelOf = (side: Side): Expression => attribute(side, 'label', 'index');
export const weightOf = (side: Side): Expression => attribute(side, 'weight', 'number');
const indexOf = (side: Side): Expression => attribute(side, 'index', 'index');
const viewOf = (side: Side): Expression => attribute(side, 'view', 'index');

export interface NumberReads {
  readonly logit: boolean;
  readonly guide: boolean;
  readonly positive: boolean;
}

export function numbers(reads: NumberReads, depth: number): fc.Arbitrary<Expression> {
  const leaves = fc.constantFrom<Expression>(
    ...[input('dot'), input('dot'), parameter('a'), parameter('b'), exp(parameter('b')), weightOf('row'), weightOf('col')],
    ...[divide(indexOf('row'), constant(64)), divide(labelOf('col'), constant(4)), constant(0.3), constant(-1.25)],
    ...(reads.logit ? [multiply(constant(0.2), input('logit'))] : []),
    ...(reads.guide ? [input('guide')] : []),
  );
  if (depth === 0) return leaves;
  const smaller = numbers(reads, depth - 1);
  const branches = conditions({ logits: reads.logit, positives: reads.positive, single: false, guide: reads.guide }, 0);
  const square = (x: Expression) => multiply(x, x);
  return fc.oneof(
    leaves,
    fc.tuple(fc.constantFrom(add, subtract, multiply), smaller, smaller).map(([operator, x, y]) => operator(x, y)),
    fc.tuple(fc.constantFrom('min', 'max'), smaller, smaller).map(([operator, x, y]) => apply(operator, x, y)),
    fc.tuple(fc.constantFrom('tanh', 'sigmoid', 'softplus', 'abs', 'negate', 'stopGradient'), smaller).map(([operator, x]) => apply(operator, x)),
    smaller.map((x) => exp(tanh(x))),
    smaller.map((x) => sqrt(add(constant(1), square(x)))),
    smaller.map((x) => apply('log1p', square(x))),
    fc.tuple(smaller, smaller).map(([x, y]) => divide(x, add(constant(1), square(y)))),
    smaller.map((x) => apply('pow', apply('sigmoid', x), constant(1.5))),
    fc.tuple(branches, smaller, smaller).map(([condition, x, y]) => select(condition, x, y)),
  );
}

export interface ConditionReads {
  /** The pair's numbers: the inner product and the logit. */
  readonly logits: boolean;
  readonly positives: boolean;
  /** Positives of rows and columns, where each row has one. */
  readonly single: boolean;
  readonly guide: boolean;
}

/** Constants that no attribute and no difference of two takes: what is compared is never a tie. */
const thresholds = fc.constantFrom(0.1337, 0.4721, 0.7713, -0.3159).map(constant);

export function conditions(reads: ConditionReads, depth: number): fc.Arbitrary<Expression> {
  const atoms = fc.oneof(
    ...[placeConditions, placeConditions, attributeConditions],
    ...(reads.positives ? [fc.constantFrom<Expression>(input('positive'), not(input('positive')))] : []),
    ...(reads.logits ? [thresholds.map((least) => apply('less', input('dot'), least)), thresholds.map((least) => apply('greaterEqual', input('logit'), multiply(constant(4), least)))] : []),
    ...(reads.single && reads.logits ? [nearPositive('logit', 'positiveLogit')] : []),
    ...(reads.single && reads.guide ? [nearPositive('guide', 'positiveGuide')] : []),
    ...(reads.guide ? [thresholds.map((least) => apply('lessEqual', input('guide'), least))] : []),
  );
  if (depth === 0) return atoms;
  const smaller = conditions(reads, depth - 1);
  return fc.oneof(
    atoms,
    smaller.map(not),
    fc.tuple(fc.constantFrom('and', 'or'), smaller, smaller).map(([operator, x, y]) => apply(operator, x, y)),
  );
}

const sum = add(indexOf('row'), indexOf('col'));
const group = (side: Side, of: number) => apply('floorDivide', indexOf(side), constant(of));

const placeConditions = fc.constantFrom<Expression>(
  apply('notEqual', indexOf('row'), indexOf('col')),
  apply('or', apply('notEqual', indexOf('row'), indexOf('col')), apply('notEqual', viewOf('row'), viewOf('col'))),
  apply('less', apply('remainder', sum, constant(3)), constant(2)),
  apply('equal', group('row', 4), group('col', 4)),
  apply('notEqual', group('row', 3), group('col', 5)),
  apply('lessEqual', indexOf('row'), add(indexOf('col'), constant(5))),
  apply('greater', apply('max', indexOf('row'), constant(9)), apply('min', indexOf('col'), constant(40))),
  apply('equal', viewOf('row'), viewOf('col')),
);

const attributeConditions = fc.constantFrom<Expression>(
  apply('equal', labelOf('row'), labelOf('col')),
  apply('notEqual', labelOf('row'), labelOf('col')),
  apply('equal', apply('remainder', labelOf('row'), constant(2)), apply('remainder', labelOf('col'), constant(2))),
  apply('less', subtract(labelOf('row'), labelOf('col')), constant(2)),
  apply('less', weightOf('row'), weightOf('col')),
  apply('greater', weightOf('col'), constant(0.2)),
);

/** Positives themselves count: whether they pass would hang on the last bit. */
function nearPositive(what: 'logit' | 'guide', ofPositive: 'positiveLogit' | 'positiveGuide'): fc.Arbitrary<Expression> {
  return fc
    .tuple(fc.constantFrom<Side>('row', 'row', 'col'), thresholds)
    .map(([side, margin]) => apply('or', input('positive'), apply('lessEqual', input(what), add(attribute(side, ofPositive, 'number'), margin))));
}
