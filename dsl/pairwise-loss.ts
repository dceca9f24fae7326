import { captureCallSite } from './diagnostics/call-site.js';
import { DiagnosticCollector, type Diagnostic } from './diagnostics/index.js';
import { constant } from './expression/build.js';
import type { Expression, InputName } from './expression/nodes.js';
import { dependsOn } from './expression/visit.js';
import { compileLambda, locateCall, type LocatedCall, type PairFunction } from './lambda/index.js';
import { checkDeclaration, constantsOf, paramsOf } from './loss-checks.js';
import type { PairTerm, PairwiseLoss, Positives, SoftmaxTerm } from './loss.js';

/** The constants of a loss that has none. */
export const noConstants = {} satisfies ConstantValues;
export type NoConstants = typeof noConstants;

export type ConstantValues = Readonly<Record<string, number | boolean>>;

/** What a lambda sees of one pair (query i, key j). */
export interface Pair<Params extends string = string, Constants extends ConstantValues = ConstantValues> {
  /** The inner product q_i . k_j. */
  readonly dot: number;
  /** Whether key j is a positive of query i. */
  readonly positive: boolean;
  /** The query, and its global number i. */
  readonly row: { readonly index: number };
  /** The key, and its global number j. */
  readonly col: { readonly index: number };
  /** The learned scalars. */
  readonly params: Readonly<Record<Params, number>>;
  /** The loss's constants. */
  readonly constants: { readonly [Name in keyof Constants]: Constants[Name] extends boolean ? boolean : number };
}

/** What the pair term sees besides. */
export interface ScoredPair<Params extends string = string, Constants extends ConstantValues = ConstantValues> extends Pair<Params, Constants> {
  /** The logit s_ij. */
  readonly logit: number;
}

export interface PairTermDeclaration<Params extends string = string, Constants extends ConstantValues = ConstantValues> extends Partial<Omit<PairTerm, 'kind' | 'value'>> {
  readonly value: (pair: ScoredPair<Params, Constants>) => number;
}

export interface LossDeclaration<Params extends string = never, Constants extends ConstantValues = NoConstants> {
  /** Names of the learned scalars; each gets a gradient. */
  readonly params?: readonly Params[];
  /** Values from outside, by name: they are written into the kernel. */
  readonly constants?: Constants;
  /** Which pairs are positives. The diagonal, unless said. */
  readonly positives?: Positives;
  readonly logit: (pair: Pair<Params, Constants>) => number;
  /** Query -> key. */
  readonly rows?: SoftmaxTerm;
  /** Key -> query. */
  readonly cols?: SoftmaxTerm;
  /** A function of each pair alone, added up and divided by the rows (`reduction: 'rowMean'`, unless said). */
  readonly pairs?: PairTermDeclaration<NoInfer<Params>, NoInfer<Constants>>;
}

/** Positives are the pairs (i, i). */
export const diagonal: Positives = { kind: 'diagonal' };

/** Positives are the pairs (i, p[i]), with an Int32Array p given to each run; -1 means none. */
export const indexMap: Positives = { kind: 'indexMap' };

/**
 * A softmax over a row or a column: log sum exp of its logits minus the mean logit of its positives. `weight` (1) multiplies
 * the term; its rows are averaged (`mean`) or added (`sum`). One without a positive is refused, or left out (`skip`).
 */
export function softmax({ weight = 1, reduction = 'mean', unmatched = 'refuse' }: Partial<Omit<SoftmaxTerm, 'kind'>> = {}): SoftmaxTerm {
  return { kind: 'softmax', weight, reduction, unmatched };
}

/**
 * A pair term kept apart from its loss, for several losses to share. Written in place, `pairs: { value: ... }` is enough, and
 * knows the loss's parameters; here they are named: `pairTerm<'bias'>({ ... })`.
 */
export function pairTerm<Params extends string = never, Constants extends ConstantValues = NoConstants>(
  declaration: PairTermDeclaration<NoInfer<Params>, NoInfer<Constants>>,
): PairTermDeclaration<Params, Constants> {
  return declaration;
}

/** The same loss with positives given in another way. */
export function withPositives(loss: PairwiseLoss, positives: Positives): PairwiseLoss {
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
export function pairwiseLoss<const Params extends string = never, const Constants extends ConstantValues = NoConstants>(
  name: string,
  declaration: LossDeclaration<Params, Constants>,
): PairwiseLoss {
  const callSite = captureCallSite(pairwiseLoss);
  const located = once(() => locateCall(callSite(), pairwiseLoss.name, name));
  const collector = new DiagnosticCollector();
  checkDeclaration(name, declaration, located, collector);
  const { logit, pairs, rows, cols, positives = diagonal } = declaration;
  const scope = { params: paramsOf(declaration), constants: constantsOf(declaration), result: 'number' } as const;
  const lower = (lambda: unknown, description: string, inputs: readonly InputName[], path: readonly string[]): Expression | undefined => {
    if (!isPairFunction(lambda)) return undefined;
    const { expression, diagnostics } = compileLambda(lambda, { ...scope, description: `${description} of loss '${name}'`, inputs }, located, path);
    collector.add(...diagnostics);
    return expression;
  };
  const logitExpression = lower(logit, 'logit', ['dot', 'positive'], ['logit']);
  const value = lower(pairs?.value, 'pair term', ['dot', 'logit', 'positive'], ['pairs', 'value']);
  if (logitExpression !== undefined && (pairs === undefined || value !== undefined)) {
    const softmaxTerms = rows !== undefined || cols !== undefined;
    if (!readsDot(logitExpression, softmaxTerms, value)) collector.add(withoutDot(name, located()));
  }
  collector.report();
  return {
    kind: 'pairwiseLoss',
    name,
    params: scope.params,
    positives,
    logit: logitExpression ?? constant(NaN),
    ...(rows === undefined ? {} : { rows: softmax(rows) }),
    ...(cols === undefined ? {} : { cols: softmax(cols) }),
    ...(pairs === undefined || value === undefined ? {} : { pairs: { kind: 'pairTerm', value, weight: pairs.weight ?? 1, reduction: pairs.reduction ?? 'rowMean' } }),
  };
}

/** Whether a term that the loss has changes with `dot`. A loss without terms is told apart from this. */
function readsDot(logit: Expression, softmaxTerms: boolean, value: Expression | undefined): boolean {
  const throughLogit = dependsOn(logit, { kind: 'input', name: 'dot' });
  if (!softmaxTerms && value === undefined) return true;
  if (softmaxTerms && throughLogit) return true;
  if (value === undefined) return false;
  return dependsOn(value, { kind: 'input', name: 'dot' }) || (throughLogit && dependsOn(value, { kind: 'input', name: 'logit' }));
}

function withoutDot(name: string, call: LocatedCall | undefined): Diagnostic {
  return {
    code: 'INF2006',
    message: `loss '${name}' does not depend on dot: its gradients with respect to all embeddings are zero`,
    hint: 'make the logit of dot, or read dot in the pair term',
    ...call?.source.mark(call.node(['logit'])),
  };
}

function isPairFunction(value: unknown): value is PairFunction {
  return typeof value === 'function';
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
