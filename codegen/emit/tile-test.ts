import { simplify, type OperatorName } from '../../dsl/expression/index.js';
import type { Attribute, Expression } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';

/**
 * `tile_is_plain(row, col)`: whether a tile needs no test of its pairs, because what masks and relations say of its rows and
 * columns holds for all of them. Interval arithmetic on the numbers of rows and columns, written out; what depends on
 * anything else is not known. Empty for a loss that has nothing to test.
 *
 * Of a `TileRange`, `index_low .. index_high` are numbers in their tensors, `view_low .. view_high` the tensors.
 */
export function emitTileTest({ rows, cols, positives }: PairwiseLoss, functionPrefix: string): string {
  const masks = [rows?.counts, cols?.counts].filter((mask) => mask !== undefined);
  const conditions = [
    ...masks.map((mask) => truth(simplify(mask)).always),
    ...(positives.kind === 'where' ? [truth(simplify(positives.where)).never] : []),
  ];
  if (conditions.length === 0) return '';
  const text = [...new Set(conditions)].reduce(and);
  return `${functionPrefix} bool tile_is_plain(const TileRange& row, const TileRange& col) {\n  return ${text};\n}`;
}

/** When a condition holds for all pairs of a tile, and when for none: both may fail. */
interface Truth {
  readonly always: string;
  readonly never: string;
}

/** Bounds of an integer over a tile, as text. */
interface Bounds {
  readonly low: string;
  readonly high: string;
}

const unknown: Truth = { always: 'false', never: 'false' };

function truth(expression: Expression): Truth {
  if (expression.kind === 'constant') return { always: String(expression.value === true), never: String(expression.value === false) };
  if (expression.kind !== 'apply') return unknown;
  const [a, b] = expression.operands;
  if (a === undefined) return unknown;
  if (expression.operator === 'not') return opposite(truth(a));
  if (b === undefined) return unknown;
  if (expression.operator === 'and') return { always: and(truth(a).always, truth(b).always), never: or(truth(a).never, truth(b).never) };
  if (expression.operator === 'or') return { always: or(truth(a).always, truth(b).always), never: and(truth(a).never, truth(b).never) };
  const [left, right] = [bounds(a), bounds(b)];
  const compare = comparisons[expression.operator];
  return left === undefined || right === undefined || compare === undefined ? unknown : compare(left, right);
}

const comparisons: Readonly<Partial<Record<OperatorName, (a: Bounds, b: Bounds) => Truth>>> = {
  less: (a, b) => less(a, b),
  greater: (a, b) => less(b, a),
  lessEqual: (a, b) => opposite(less(b, a)),
  greaterEqual: (a, b) => opposite(less(a, b)),
  equal: (a, b) => equal(a, b),
  notEqual: (a, b) => opposite(equal(a, b)),
};

function opposite({ always, never }: Truth): Truth {
  return { always: never, never: always };
}

function less(a: Bounds, b: Bounds): Truth {
  return { always: `(${a.high} < ${b.low})`, never: `(${a.low} >= ${b.high})` };
}

function equal(a: Bounds, b: Bounds): Truth {
  return { always: `(${a.low} == ${a.high} && ${b.low} == ${b.high} && ${a.low} == ${b.low})`, never: `(${a.high} < ${b.low} || ${b.high} < ${a.low})` };
}

function bounds(expression: Expression): Bounds | undefined {
  if (expression.kind === 'constant') return constantBounds(expression.value);
  if (expression.kind === 'attribute') return attributeBounds(expression);
  if (expression.kind !== 'apply') return undefined;
  const [first, second] = expression.operands;
  const a = first === undefined ? undefined : bounds(first);
  if (a === undefined) return undefined;
  if (expression.operator === 'negate') return { low: `(-${a.high})`, high: `(-${a.low})` };
  const b = second === undefined ? undefined : bounds(second);
  return b === undefined ? undefined : arithmetic[expression.operator]?.(a, b, { first, second });
}

type Operands = Readonly<Record<'first' | 'second', Expression | undefined>>;

const arithmetic: Readonly<Partial<Record<OperatorName, (a: Bounds, b: Bounds, operands: Operands) => Bounds | undefined>>> = {
  add: (a, b) => ({ low: `(${a.low} + ${b.low})`, high: `(${a.high} + ${b.high})` }),
  subtract: (a, b) => ({ low: `(${a.low} - ${b.high})`, high: `(${a.high} - ${b.low})` }),
  multiply: (a, b, { first, second }) => scaled(first, second, a, b),
  floorDivide: (a, _, { second }) => byConstant(second, (divisor) => ({ low: quotient(a.low, divisor), high: quotient(a.high, divisor) })),
  remainder: (a, _, { second }) => byConstant(second, (divisor) => remainder(a, divisor)),
};

/** Divisors are positive constants. */
function byConstant(divisor: Expression | undefined, divided: (divisor: number) => Bounds): Bounds | undefined {
  return divisor?.kind === 'constant' && Number(divisor.value) > 0 ? divided(Number(divisor.value)) : undefined;
}

/** A product with a constant. */
function scaled(first: Expression | undefined, second: Expression | undefined, a: Bounds, b: Bounds): Bounds | undefined {
  if (first?.kind === 'constant') return times(b, Number(first.value));
  return second?.kind === 'constant' ? times(a, Number(second.value)) : undefined;
}

function times({ low, high }: Bounds, factor: number): Bounds {
  const [least, most] = factor < 0 ? [high, low] : [low, high];
  return { low: `(${least} * ${factor})`, high: `(${most} * ${factor})` };
}

function quotient(value: string, divisor: number): string {
  return `(${value} >= 0 ? ${value} / ${divisor} : -1 - (-1 - ${value}) / ${divisor})`;
}

/** Exact where the whole range lies between two multiples. */
function remainder({ low, high }: Bounds, divisor: number): Bounds {
  const between = `(${low} >= 0 && ${low} / ${divisor} == ${high} / ${divisor})`;
  return { low: `(${between} ? ${low} % ${divisor} : ${1 - divisor})`, high: `(${between} ? ${high} % ${divisor} : ${divisor - 1})` };
}

function constantBounds(value: number | boolean): Bounds | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? { low: String(value), high: String(value) } : undefined;
}

function attributeBounds({ side, name }: Attribute): Bounds | undefined {
  return name === 'index' || name === 'view' ? { low: `${side}.${name}_low`, high: `${side}.${name}_high` } : undefined;
}

function and(a: string, b: string): string {
  if (a === 'false' || b === 'false') return 'false';
  if (a === 'true') return b;
  return b === 'true' ? a : `(${a} && ${b})`;
}

function or(a: string, b: string): string {
  if (a === 'true' || b === 'true') return 'true';
  if (a === 'false') return b;
  return b === 'false' ? a : `(${a} || ${b})`;
}
