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

export type InputName = PairInput | TermInput;

/** What a tile supplies for each pair: the inner product, the logit made of it, whether the pair is a positive, and the guide's inner product. */
export type PairInput = 'dot' | 'logit' | 'positive' | 'guide';

/**
 * What a softmax term is made of, for each row (column): log sum exp of the logits that count, their mean, and the mean logit
 * of the positives.
 */
export type TermInput = 'lse' | 'meanLogit' | 'positiveLogit';

export type Side = 'row' | 'col';

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

/** A value that belongs to a row (query) or a column (key): its number `index`, others of its own, or one that users declare. */
export interface Attribute {
  readonly kind: 'attribute';
  readonly side: Side;
  readonly name: string;
  readonly type: 'index' | 'number';
  readonly span?: Span;
}

export interface Apply {
  readonly kind: 'apply';
  readonly operator: OperatorName;
  readonly operands: readonly Expression[];
  readonly span?: Span;
}
