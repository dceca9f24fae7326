import { maskAttributes, readableAttributes, type ReadableAttributes } from './attributes.js';
import type { AttributeTypes, PairTerm, PairwiseLoss, Positives, SoftmaxTerm, Tensor } from './loss.js';
import { captureCallSite } from './diagnostics/call-site.js';
import type { ConstantValues, Functions, LossDeclaration, None, PairTermDeclaration, Vocabulary } from './declaration.js';
import { DiagnosticCollector } from './diagnostics/index.js';
import { conclude } from './diagnostics/recording.js';
import { constant, input, subtract } from './expression/build.js';
import type { Expression, InputName, ValueType } from './expression/nodes.js';
import { compileHelper, compileLambda, locateCall, type HelperFunction, type LambdaRequest, type PairFunction } from './lambda/index.js';
import { attributesOf, checkDeclaration, constantsOf, entry, functionsOf, paramsOf } from './loss-checks.js';
import { relationMistakes } from './loss-relations.js';

/** Positives are the pairs (i, i). */
export const diagonal = { kind: 'diagonal' } as const;

/** Positives are the pairs (i, p[i]), with an Int32Array p given to each run; -1 means none. */
export const indexMap = { kind: 'indexMap' } as const;

/** Positives are a row and the row of the same number in the other tensor, where both tensors are stacked. */
export const counterpart = { kind: 'counterpart' } as const;

/**
 * A softmax over a row or a column: log sum exp of its logits minus the mean logit of its positives. `weight` (1) multiplies
 * the term; its rows are averaged (`mean`) or added (`sum`). One without a positive is refused, or left out (`skip`).
 * `normaliser: 'counterparts'`: rows of the same number in both tensors share one sum. Masks and terms of one's own are
 * written in place: `rows: { counts: ..., value: ... }`.
 */
export function softmax({ weight = 1, reduction = 'mean', unmatched = 'refuse', normaliser = 'own', ...others }: Partial<Omit<SoftmaxTerm, 'kind' | 'counts' | 'value'>> = {}): Omit<SoftmaxTerm, 'counts' | 'value'> {
  // What types forbid is kept, for the declaration's checks to tell.
  return { kind: 'softmax', weight, reduction, unmatched, normaliser, ...others };
}

/**
 * A pair term kept apart from its loss, for several losses to share. Written in place, `pairs: { value: ... }` is enough, and
 * knows the loss's names; here they are said: `pairTerm<Words<'bias'>>({ ... })`.
 */
export function pairTerm<V extends Vocabulary = Vocabulary>(declaration: PairTermDeclaration<V>): PairTermDeclaration<V> {
  return declaration;
}

/** The same loss with positives given in another way. */
export function withPositives(loss: PairwiseLoss, positives: Extract<Positives, { kind: 'diagonal' | 'indexMap' | 'counterpart' }>): PairwiseLoss {
  return { ...loss, positives };
}

/**
 * Declares a loss. Its lambdas are plain TypeScript; they are compiled, differentiated and never called on data.
 *
 *     const clip = pairwiseLoss('clip', {
 *       params: ['logScale'],
 *       logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
 *       rows: softmax({ weight: 0.5 }),
 *       cols: softmax({ weight: 0.5 }),
 *     })
 *
 * @throws {InfinitileError} with every mistake in the declaration and its lambdas, each with file, line, column and frame.
 */
export function pairwiseLoss<
  const Params extends string = never,
  const Constants extends ConstantValues = None,
  const Helpers extends Functions = None,
  const Rows extends AttributeTypes = None,
  const Cols extends AttributeTypes = None,
>(name: string, declaration: LossDeclaration<Params, Constants, Helpers, Rows, Cols>): PairwiseLoss {
  const callSite = captureCallSite(pairwiseLoss);
  const located = once(() => locateCall(callSite(), pairwiseLoss.name, name));
  const collector = new DiagnosticCollector();
  checkDeclaration(name, declaration, located, collector);
  const loss = new LossLowering(name, declaration, located, collector).loss();
  if (collector.diagnostics.length === 0) collector.add(...relationMistakes(loss, located));
  conclude(collector, callSite);
  return loss;
}

type Located = Parameters<typeof compileLambda>[2];

/** From what is written to what it means; mistakes are collected on the way. */
class LossLowering {
  readonly #name: string;
  readonly #declaration: object;
  readonly #located: Located;
  readonly #collector: DiagnosticCollector;
  readonly #attributes: PairwiseLoss['attributes'];
  readonly #common: Pick<LambdaRequest, 'params' | 'constants' | 'functions'>;

  constructor(name: string, declaration: object, located: Located, collector: DiagnosticCollector) {
    this.#name = name;
    this.#declaration = declaration;
    this.#located = located;
    this.#collector = collector;
    this.#attributes = { rows: attributesOf(declaration, 'rows'), cols: attributesOf(declaration, 'cols') };
    const values = { params: paramsOf(declaration), constants: constantsOf(declaration) };
    this.#common = { ...values, functions: this.#helpers(values.constants) };
  }

  loss(): PairwiseLoss {
    const [rows, cols, pairs] = [this.#softmax('rows'), this.#softmax('cols'), this.#pairs()];
    return {
      kind: 'pairwiseLoss',
      name: this.#name,
      params: this.#common.params,
      attributes: this.#attributes,
      between: this.#between(),
      guide: this.#guide(),
      positives: this.#positives(),
      logit: this.#lambda('logit', ['logit'], ['dot', 'positive'], 'number', this.#both(readableAttributes)) ?? constant(NaN),
      ...(rows === undefined ? {} : { rows }),
      ...(cols === undefined ? {} : { cols }),
      ...(pairs === undefined ? {} : { pairs }),
    };
  }

  #between(): PairwiseLoss['between'] {
    const given = entry(this.#declaration, 'between');
    const side = (name: 'rows' | 'cols', usual: Tensor): readonly Tensor[] => {
      const tensors = entry(given, name);
      return Array.isArray(tensors) ? (['queries', 'keys'] as const).filter((tensor) => tensors.includes(tensor)) : [usual];
    };
    return { rows: side('rows', 'queries'), cols: side('cols', 'keys') };
  }

  #positives(): Positives {
    const given = entry(this.#declaration, 'positives');
    const kind = entry(given, 'kind');
    if (entry(given, 'column') !== undefined) {
      const column = this.#lambda('positive column', ['positives', 'column'], [], 'index', { row: readableAttributes(this.#attributes.rows) });
      return { kind: 'column', column: column ?? constant(-1) };
    }
    if (entry(given, 'where') !== undefined) {
      return { kind: 'where', where: this.#lambda('relation of positives', ['positives', 'where'], [], 'boolean', this.#both(readableAttributes)) ?? constant(false) };
    }
    return kind === 'indexMap' || kind === 'counterpart' ? { kind } : diagonal;
  }

  #softmax(field: 'rows' | 'cols'): SoftmaxTerm | undefined {
    const term = entry(this.#declaration, field);
    if (!isDeclared<SoftmaxTerm>(term)) return undefined;
    const [side, word] = field === 'rows' ? (['row', 'row'] as const) : (['col', 'column'] as const);
    const inputs = ['lse', 'positiveLogit', 'meanLogit'] as const;
    const readableInMask = (declared: AttributeTypes): ReadableAttributes => maskAttributes(declared, this.#guide());
    const counts = this.#lambda(`mask of the ${word} softmax`, [field, 'counts'], this.#pairInputs(), 'boolean', this.#both(readableInMask));
    const own = { [side]: readableAttributes(this.#attributes[field]) };
    const value = this.#lambda(`value of the ${word} softmax`, [field, 'value'], inputs, 'number', own) ?? subtract(input('lse'), input('positiveLogit'));
    const { weight = 1, reduction = 'mean', unmatched = 'refuse', normaliser = 'own' } = term;
    return { kind: 'softmax', weight, reduction, unmatched, ...(counts === undefined ? {} : { counts }), value, normaliser };
  }

  #pairs(): PairTerm | undefined {
    const term = entry(this.#declaration, 'pairs');
    if (!isDeclared<PairTerm>(term)) return undefined;
    const value = this.#lambda('pair term', ['pairs', 'value'], this.#pairInputs(), 'number', this.#both(readableAttributes));
    return { kind: 'pairTerm', value: value ?? constant(NaN), weight: term.weight ?? 1, reduction: term.reduction ?? 'rowMean' };
  }

  #pairInputs(): readonly InputName[] {
    return ['dot', 'logit', 'positive', ...(this.#guide() ? (['guide'] as const) : [])];
  }

  #guide(): boolean {
    return entry(this.#declaration, 'guide') === true;
  }

  #both(readable: (declared: AttributeTypes) => ReadableAttributes): Pick<LambdaRequest, 'row' | 'col'> {
    return { row: readable(this.#attributes.rows), col: readable(this.#attributes.cols) };
  }

  #lambda(
    what: string,
    path: readonly string[],
    inputs: readonly InputName[],
    result: ValueType,
    sides: Pick<LambdaRequest, 'row' | 'col'>,
  ): Expression | undefined {
    const lambda = path.reduce<unknown>((owner, key) => entry(owner, key), this.#declaration);
    if (!isFunction(lambda)) return undefined;
    const description = `${what} of loss '${this.#name}'`;
    const { expression, diagnostics } = compileLambda(lambda, { ...this.#common, ...sides, description, inputs, result }, this.#located, path);
    this.#collector.add(...diagnostics);
    return expression;
  }

  #helpers(constants: LambdaRequest['constants']): Readonly<Record<string, HelperFunction>> {
    const helpers = Object.entries(functionsOf(this.#declaration)).flatMap(([name, call]) => {
      if (!isFunction(call)) return [];
      const { helper, diagnostics } = compileHelper(call, `function '${name}' of loss '${this.#name}'`, constants, this.#located, ['functions', name]);
      this.#collector.add(...diagnostics);
      return [[name, helper] as const];
    });
    return Object.fromEntries(helpers);
  }
}

/** What checks have found wrong in it is told already. */
function isDeclared<Term>(term: unknown): term is Partial<Term> {
  return typeof term === 'object' && term !== null;
}

function isFunction(value: unknown): value is PairFunction {
  return typeof value === 'function';
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
