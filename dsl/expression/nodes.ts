import type { Span } from '../diagnostics/span.js';
import type { OperatorName } from './operators.js';

/**
 * The expression IR: what a lambda of a loss means.
 *
 *     expression = constant | input | parameter | attribute | operator(expression, ...)
 *
 * Nodes are immutable. Every expression has a {@link ValueType}, derived by `typeOf`.
 */
export type Expression = Constant | Input | Parameter | Attribute | Apply;

export type ValueType = 'number' | 'boolean' | 'index';

/** What a tile supplies for each pair: the inner product, the logit made of it, and whether the pair is a positive. */
export type InputName = 'dot' | 'logit' | 'positive';

export interface Constant {
  readonly kind: 'constant';
  readonly value: number | boolean;
  readonly span?: Span;
}

export interface Input {
  readonly kind: 'input';
  readonly name: InputName;
  readonly span?: Span;
}

/** A learned scalar of the loss: the same for every pair, and it has a gradient. */
export interface Parameter {
  readonly kind: 'parameter';
  readonly name: string;
  readonly span?: Span;
}

/** A value that belongs to a row (query) or a column (key). `index` is its global number. */
export interface Attribute {
  readonly kind: 'attribute';
  readonly side: 'row' | 'col';
  readonly name: 'index';
  readonly span?: Span;
}

export interface Apply {
  readonly kind: 'apply';
  readonly operator: OperatorName;
  readonly operands: readonly Expression[];
  readonly span?: Span;
}
