import type { AttributeTypes, PairTerm, SoftmaxTerm, Tensor } from './loss.js';

/*
 * What a user writes to declare a loss. Names that lambdas may read are type parameters: a misspelt one is a type error.
 */

export type ConstantValues = Readonly<Record<string, number | boolean>>;

/** A function of numbers that lambdas call as `functions.name(...)`. */
export type Functions = Readonly<Record<string, (...args: never[]) => number | boolean>>;

/** A record without entries: the constants, functions or attributes of a loss that has none. */
export const none = {};
export type None = typeof none;

/** The names that the lambdas of a loss may read. */
export interface Vocabulary {
  readonly params: string;
  readonly constants: ConstantValues;
  readonly functions: Functions;
  readonly rows: AttributeTypes;
  readonly cols: AttributeTypes;
}

/** The same as a function of its parts: `Pair<Words<'scale'>>` is what the logit of a loss with that one parameter sees. */
export interface Words<
  Params extends string = never,
  Constants extends ConstantValues = None,
  Helpers extends Functions = None,
  Rows extends AttributeTypes = None,
  Cols extends AttributeTypes = None,
> {
  readonly params: Params;
  readonly constants: Constants;
  readonly functions: Helpers;
  readonly rows: Rows;
  readonly cols: Cols;
}

/** Of a row (query) or column (key): its number, and what the loss declares. Integers are exact. */
export type Attributes<Declared extends AttributeTypes> = {
  /** Its number in its own tensor. */
  readonly index: number;
  /** Its tensor: 0 the queries, 1 the keys. */
  readonly view: number;
} & { readonly [Name in keyof Declared]: number };

/** What a mask sees besides: `Infinity` where there is no positive. */
export interface OfPositive {
  /** The logit of the row's positive (of the column's first positive). */
  readonly positiveLogit: number;
  /** The guide of that pair. */
  readonly positiveGuide: number;
}

/** What every lambda sees. */
export interface Common<V extends Vocabulary> {
  /** The learned scalars. */
  readonly params: Readonly<Record<V['params'], number>>;
  /** The loss's constants. */
  readonly constants: { readonly [Name in keyof V['constants']]: V['constants'][Name] extends boolean ? boolean : number };
  /** The loss's functions. */
  readonly functions: V['functions'];
}

/** A pair of row i and column j, apart from its numbers. */
export interface Place<V extends Vocabulary> extends Common<V> {
  readonly row: Attributes<V['rows']>;
  readonly col: Attributes<V['cols']>;
}

/** A pair, for the logit. */
export interface Pair<V extends Vocabulary = Vocabulary> extends Place<V> {
  /** The inner product of row and column. */
  readonly dot: number;
  /** Whether the column is a positive of the row. */
  readonly positive: boolean;
}

/** A pair, for the pair term. */
export interface ScoredPair<V extends Vocabulary = Vocabulary> extends Pair<V> {
  /** The logit s_ij. */
  readonly logit: number;
  /** The inner product of the guide's row and column. */
  readonly guide: number;
}

/** A pair, for a mask. */
export interface MaskedPair<V extends Vocabulary = Vocabulary> extends ScoredPair<V> {
  readonly row: Attributes<V['rows']> & OfPositive;
  readonly col: Attributes<V['cols']> & OfPositive;
}

/** A row (or column) of a softmax, for its term. */
export interface Summary<V extends Vocabulary> extends Common<V> {
  /** log sum exp of the logits that count. */
  readonly lse: number;
  /** The mean logit of the positives. */
  readonly positiveLogit: number;
  /** The mean of the logits that count. */
  readonly meanLogit: number;
}

export interface RowSummary<V extends Vocabulary = Vocabulary> extends Summary<V> {
  readonly row: Attributes<V['rows']>;
}

export interface ColSummary<V extends Vocabulary = Vocabulary> extends Summary<V> {
  readonly col: Attributes<V['cols']>;
}

/** A softmax over a row or a column. All fields have defaults: see `softmax`. */
export interface SoftmaxDeclaration<V extends Vocabulary = Vocabulary, Term = RowSummary<V> & ColSummary<V>> extends Partial<Omit<SoftmaxTerm, 'counts' | 'value'>> {
  /** Which columns count for the row. All, unless said. */
  readonly counts?: (pair: MaskedPair<V>) => boolean;
  /** What the row adds to the loss. `lse - positiveLogit`, unless said. */
  readonly value?: (term: Term) => number;
}

export interface PairTermDeclaration<V extends Vocabulary = Vocabulary> extends Partial<Omit<PairTerm, 'kind' | 'value'>> {
  readonly value: (pair: ScoredPair<V>) => number;
}

export type PositivesDeclaration<V extends Vocabulary = Vocabulary> =
  | { readonly kind: 'diagonal' | 'indexMap' | 'counterpart' }
  /** The number of the row's one positive; none where there is no such column. */
  | { readonly column: (place: Common<V> & Pick<Place<V>, 'row'>) => number }
  /** Any number of positives. */
  | { readonly where: (place: Place<V>) => boolean };

export interface LossDeclaration<
  Params extends string = never,
  Constants extends ConstantValues = None,
  Helpers extends Functions = None,
  Rows extends AttributeTypes = None,
  Cols extends AttributeTypes = None,
> {
  /** Names of the learned scalars; each gets a gradient. */
  readonly params?: readonly Params[];
  /** Values from outside, by name: they are written into the kernel. */
  readonly constants?: Constants;
  /** Functions of numbers that lambdas share. */
  readonly functions?: Helpers;
  /** Arrays given at run time, by name: one number a row, one number a column. */
  readonly attributes?: { readonly rows?: Rows; readonly cols?: Cols };
  /** Which tensors rows and columns are: queries and keys, unless said. Both stacked: queries first. */
  readonly between?: { readonly rows: readonly Tensor[]; readonly cols: readonly Tensor[] };
  /** Whether a second pair of inputs guides the masks. */
  readonly guide?: boolean;
  /** Which pairs are positives. The diagonal, unless said. */
  readonly positives?: PositivesDeclaration<Words<Params, Constants, Helpers, Rows, Cols>>;
  readonly logit: (pair: Pair<Words<Params, Constants, Helpers, Rows, Cols>>) => number;
  /** Query -> key. */
  readonly rows?: SoftmaxDeclaration<Words<Params, Constants, Helpers, Rows, Cols>, RowSummary<Words<Params, Constants, Helpers, Rows, Cols>>>;
  /** Key -> query. */
  readonly cols?: SoftmaxDeclaration<Words<Params, Constants, Helpers, Rows, Cols>, ColSummary<Words<Params, Constants, Helpers, Rows, Cols>>>;
  /** A function of each pair alone, added up and divided by the rows (`reduction: 'rowMean'`, unless said). */
  readonly pairs?: PairTermDeclaration<Words<Params, Constants, Helpers, Rows, Cols>>;
}
