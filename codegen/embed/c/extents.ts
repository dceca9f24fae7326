import type { Extent, ExtentOperator, ShapeSymbol } from '../../plan/extent.js';
import { snakeCase } from './names.js';

/** What symbols of an extent are in C; those that are not named are members of `const Shape* s`. */
export type Scope = Readonly<Partial<Record<ShapeSymbol, string>>>;

/** A piece of what a rank of a ring has: all of it stands in the shape. */
export const pieceAtHand: Scope = {};

/** One rank alone, its rows and columns the whole matrix. */
export const wholeMatrix: Scope = {
  ...{ row0: '0', col0: '0', rows: 's->n', cols: 's->m' },
  ...{ rowShift: '0', colShift: '0', firstQuery: '0', firstKey: '0', wholeSplit: '0', wholeRowStart: '0', wholeColStart: '0' },
};

/** Within a loop over the chunks of an axis. */
export function inLoop(axis: 'rows' | 'cols', scope: Scope): Scope {
  return axis === 'rows' ? { ...scope, row0: 'row0', rows: 'rows' } : { ...scope, col0: 'col0', cols: 'cols' };
}

const operators: Readonly<Record<ExtentOperator, (left: string, right: string) => string>> = {
  plus: (a, b) => (a === '0' ? b : b === '0' ? a : `(${a} + ${b})`),
  times: (a, b) => (a === '0' || b === '0' ? '0' : `${a} * ${b}`),
  ceilDiv: (a, b) => `ceil_div(${a}, ${b})`,
  roundUp: (a, b) => `round_up(${a}, ${b})`,
  min: (a, b) => `least(${a}, ${b})`,
  max: (a, b) => `greatest(${a}, ${b})`,
};

/** An extent as an expression of C, of type int64_t. */
export function writeExtent(extent: Extent, scope: Scope = {}): string {
  if (typeof extent === 'number') return String(extent);
  if (typeof extent === 'string') return scope[extent] ?? `s->${snakeCase(extent)}`;
  return operators[extent.kind](writeExtent(extent.left, scope), writeExtent(extent.right, scope));
}
