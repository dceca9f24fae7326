/**
 * A size or a position, known when the shapes are: N, M, and where a chunk starts. Small integer arithmetic that
 * evaluates, prints, and can be written out in any language of the C family.
 */
export type Extent = number | ShapeSymbol | Combined;

export interface Combined {
  readonly kind: ExtentOperator;
  readonly left: Extent;
  readonly right: Extent;
}

export type ExtentOperator = 'plus' | 'times' | 'ceilDiv' | 'roundUp' | 'min' | 'max';

/**
 * `n`, `m`: rows and columns that are at hand: of the matrix, or of the tile of a rank. `chunkRows`, `chunkCols`: the chunk's
 * largest size. `row0`, `col0`, `rows`, `cols`: the chunk at hand. `workers`: threads of the host, multiprocessors of a GPU. Where
 * both tensors are stacked: `stack` embeddings in all, the first `split` of them queries; the matrix's rows and columns are those
 * from `rowStart` and `colStart` on.
 *
 * Ranks of a ring number what they have from 0. In the whole matrix the chunk's rows have numbers greater by `rowShift`, its columns
 * by `colShift`; a rank's queries and keys begin with `firstQuery` and `firstKey` in their tensors; of the whole stack the first
 * `wholeSplit` are queries, and rows and columns begin with `wholeRowStart` and `wholeColStart`.
 */
export type ShapeSymbol =
  | ('n' | 'm' | 'chunkRows' | 'chunkCols' | 'row0' | 'col0' | 'rows' | 'cols' | 'workers')
  | ('stack' | 'split' | 'rowStart' | 'colStart')
  | ('rowShift' | 'colShift' | 'firstQuery' | 'firstKey' | 'wholeSplit' | 'wholeRowStart' | 'wholeColStart');

export type Shape = Readonly<Record<ShapeSymbol, number>>;

const operators: Readonly<Record<ExtentOperator, { evaluate(a: number, b: number): number; print(a: string, b: string): string }>> = {
  plus: { evaluate: (a, b) => a + b, print: (a, b) => `(${a} + ${b})` },
  times: { evaluate: (a, b) => a * b, print: (a, b) => `${a} * ${b}` },
  ceilDiv: { evaluate: (a, b) => Math.ceil(a / b), print: (a, b) => `ceil(${a} / ${b})` },
  roundUp: { evaluate: (a, b) => Math.ceil(a / b) * b, print: (a, b) => `roundUp(${a}, ${b})` },
  min: { evaluate: Math.min, print: (a, b) => `min(${a}, ${b})` },
  max: { evaluate: Math.max, print: (a, b) => `max(${a}, ${b})` },
};

export const plus = combine('plus');
export const times = combine('times');
export const ceilDiv = combine('ceilDiv');
export const roundUp = combine('roundUp');
export const min = combine('min');
export const max = combine('max');

export function evaluateExtent(extent: Extent, shape: Shape): number {
  if (typeof extent === 'number') return extent;
  if (typeof extent === 'string') return shape[extent];
  return operators[extent.kind].evaluate(evaluateExtent(extent.left, shape), evaluateExtent(extent.right, shape));
}

export function printExtent(extent: Extent): string {
  if (typeof extent === 'object') return operators[extent.kind].print(printExtent(extent.left), printExtent(extent.right));
  return String(extent);
}

/** Folds constants, and the neutral elements 0 and 1, so that plans print as a person would write them. */
function combine(kind: ExtentOperator): (left: Extent, right: Extent) => Extent {
  return (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return operators[kind].evaluate(left, right);
    if (kind === 'times' && (left === 0 || right === 0)) return 0;
    if (kind === 'times' && left === 1) return right;
    if (kind === 'plus' && left === 0) return right;
    if ((kind === 'times' || kind === 'ceilDiv' || kind === 'roundUp') && right === 1) return left;
    if (kind === 'plus' && right === 0) return left;
    return { kind, left, right };
  };
}
