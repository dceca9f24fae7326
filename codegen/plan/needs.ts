import { isOfPositive, type PositiveAttribute } from '../../dsl/attributes.js';
import { dependsOn, subexpressions, type Expression, type InputName, type Side } from '../../dsl/expression/index.js';
import type { PairwiseLoss, SoftmaxTerm } from '../../dsl/loss.js';
import { perLoss } from './per-loss.js';

/**
 * How kernels know a positive. `diagonal`: row === col. `mapped`: the row's entry of an index map. `where`: a condition on row
 * and column, and any number of positives.
 */
export type Relation = 'diagonal' | 'mapped' | 'where';

/**
 * Sums that a softmax keeps of each row (column) beside that of its exponentials.
 * `positives`, `positiveCount`: of the positives' logits, and how many. `logits`, `count`: of the logits that count, and how
 * many. `rank`: how many logits that count, and are no positives, exceed the positive's. `pairs`: of the pair term's values.
 */
export type Channel = 'positives' | 'positiveCount' | 'logits' | 'count' | 'rank' | 'pairs';

/** Sums that are known of a tile in which nothing is masked and there is no positive: 0, or the size of the tile. */
export const knownWherePlain: ReadonlySet<Channel> = new Set(['positives', 'positiveCount', 'count']);

/** What one side of a loss asks of the kernels, beside the sums of exponentials of its softmax. */
export interface SideNeeds {
  /** Absent where only reports are asked of the side. */
  readonly term?: SoftmaxTerm;
  readonly channels: readonly Channel[];
  /** Whether its value reads the mean logit of the positives: G then has b_i at them. */
  readonly readsPositive: boolean;
  /** Whether its value reads the mean of the logits that count: G then has c_i at those. */
  readonly readsMean: boolean;
  /** Whether the matched rows are known only when the tiles have been walked, and are counted on the device. */
  readonly counted: boolean;
  readonly shared: boolean;
}

/** What a loss asks of its kernels. Derived once, so that plans, parameters and templates agree. */
export interface Needs {
  readonly relation: Relation;
  readonly row?: SideNeeds;
  readonly col?: SideNeeds;
  readonly softmax: boolean;
  readonly guide: boolean;
  /** Whether rows and columns lie in one stack of embeddings, of which they are ranges. */
  readonly stacked: boolean;
  /** Whether fp32 logits of single positives are made before the tiles. */
  readonly positives: boolean;
  /** Attributes of the side that pairs (`pair`) or its softmax term (`term`) read: those given at run time. */
  readonly attributes: Readonly<Record<Side, { readonly pair: readonly string[]; readonly term: readonly string[] }>>;
  /** What masks and ranks read of positives, by side. */
  readonly ofPositive: Readonly<Record<Side, readonly PositiveAttribute[]>>;
}

/** `reports`: whether ranks of positives, and sums of the pair term by row, are asked for beside the loss. */
export const needsOf = perLoss((loss, reports): Needs => {
  const relation = relationOf(loss);
  const asked = { row: reports && reportsOn(loss.rows, loss.cols), col: reports && reportsOn(loss.cols, loss.rows) };
  const [row, col] = [sideNeeds(loss, loss.rows, 'row', relation, asked.row), sideNeeds(loss, loss.cols, 'col', relation, asked.col)];
  const ofPositive = { row: positiveAttributes(loss, 'row', asked.row), col: positiveAttributes(loss, 'col', asked.col) };
  const softmax = hasSoftmax(loss);
  return {
    relation,
    ...(row === undefined ? {} : { row }),
    ...(col === undefined ? {} : { col }),
    softmax,
    guide: loss.guide,
    stacked: isStacked(loss),
    positives: (softmax || reports) && relation !== 'where',
    attributes: { row: declaredReads(loss, 'row'), col: declaredReads(loss, 'col') },
    ofPositive,
  };
});

/**
 * A loss on the diagonal needs the map too where unmatched rows or columns are skipped. Of one that reads no positive there may be more
 * rows than columns.
 */
export function relationOf({ positives, rows, cols, between }: PairwiseLoss): Relation {
  if (positives.kind === 'where') return 'where';
  const skips = rows?.unmatched === 'skip' || cols?.unmatched === 'skip';
  const columnsOnly = cols !== undefined && rows === undefined;
  const usual = between.rows.length === 1 && between.cols.length === 1;
  return positives.kind === 'diagonal' && usual && !skips && !columnsOnly ? 'diagonal' : 'mapped';
}

export function hasSoftmax({ rows, cols }: PairwiseLoss): boolean {
  return rows !== undefined || cols !== undefined;
}

/** Whether rows and columns share a tensor, or one of them is both. */
export function isStacked({ between }: Pick<PairwiseLoss, 'between'>): boolean {
  return !(between.rows.length === 1 && between.cols.length === 1 && between.rows[0] === 'queries' && between.cols[0] === 'keys');
}

/** Whether a mask reads the guide of a positive. */
export function readsGuide(ofPositive: Needs['ofPositive']): boolean {
  return ofPositive.row.includes('positiveGuide') || ofPositive.col.includes('positiveGuide');
}

/** Whether the term reads its positive's logit, and each row (column) has at most one, whose logit is known before the tiles. */
export function knowsPositive(needs: Needs, side: Side): boolean {
  const own = needs[side];
  return own?.readsPositive === true && !own.channels.includes('positives');
}

/** Whether terms read what belongs to the row or column of the same number, which in a ring is then on the same rank. */
export function staysOnRank(needs: Needs): boolean {
  return (needs.relation === 'diagonal' && knowsPositive(needs, 'col')) || needs.row?.shared === true || needs.col?.shared === true;
}

/** Whether masks or ranks read what is known of positives, which then has to be known before the tiles. */
export function readsOfPositives({ ofPositive }: Pick<Needs, 'ofPositive'>): boolean {
  return ofPositive.row.length > 0 || ofPositive.col.length > 0;
}

/** A side without a softmax has no mask of its own: beside one that has, what counts for it is not said. */
function reportsOn(own: SoftmaxTerm | undefined, other: SoftmaxTerm | undefined): boolean {
  return own !== undefined || other?.counts === undefined;
}

function sideNeeds(loss: PairwiseLoss, term: SoftmaxTerm | undefined, side: Side, relation: Relation, reports: boolean): SideNeeds | undefined {
  if (term === undefined && !reports) return undefined;
  const readsPositive = term !== undefined && reads(term.value, 'positiveLogit');
  const readsMean = term !== undefined && reads(term.value, 'meanLogit');
  const skipsEmpty = term?.counts !== undefined && term.unmatched === 'skip';
  // Of a row with one positive the logit is known; a column of an index map may have several.
  const manyPositives = relation === 'where' || (relation === 'mapped' && side === 'col');
  const channels: Channel[] = [];
  if (readsPositive && manyPositives) channels.push('positives', 'positiveCount');
  if (readsMean) channels.push('logits');
  if (readsMean || skipsEmpty) channels.push('count');
  if (reports && relation !== 'where') channels.push('rank');
  if (reports && loss.pairs !== undefined) channels.push('pairs');
  const counted = term?.unmatched === 'skip' && term.reduction === 'mean' && (relation === 'where' || term.counts !== undefined);
  return { ...(term === undefined ? {} : { term }), channels, readsPositive, readsMean, counted, shared: term?.normaliser === 'counterparts' };
}

function declaredReads(loss: PairwiseLoss, side: Side): { readonly pair: readonly string[]; readonly term: readonly string[] } {
  const declared = Object.keys(side === 'row' ? loss.attributes.rows : loss.attributes.cols);
  const readIn = (expressions: readonly Expression[]): readonly string[] => declared.filter((name) => readsAttribute(expressions, side, name));
  const term = side === 'row' ? loss.rows : loss.cols;
  return { pair: readIn(pairExpressions(loss)), term: readIn(term === undefined ? [] : [term.value]) };
}

/** What is evaluated for each pair. */
export function pairExpressions({ logit, positives, rows, cols, pairs }: PairwiseLoss): readonly Expression[] {
  const masks = [rows?.counts, cols?.counts].filter((mask) => mask !== undefined);
  return [logit, ...masks, ...(positives.kind === 'where' ? [positives.where] : []), ...(pairs === undefined ? [] : [pairs.value])];
}

export function readsAttribute(expressions: readonly Expression[], side: Side, name: string): boolean {
  return expressions.some((expression) => subexpressions(expression).some((part) => part.kind === 'attribute' && part.side === side && part.name === name));
}

function positiveAttributes(loss: PairwiseLoss, side: Side, reports: boolean): readonly PositiveAttribute[] {
  const masks = [loss.rows?.counts, loss.cols?.counts].filter((mask) => mask !== undefined);
  const read = (['positiveLogit', 'positiveGuide'] as const).filter((name) => isOfPositive(name) && readsAttribute(masks, side, name));
  const ranked = reports && loss.positives.kind !== 'where';
  return ranked && !read.includes('positiveLogit') ? ['positiveLogit', ...read] : read;
}

function reads(expression: Expression, name: InputName): boolean {
  return dependsOn(expression, { kind: 'input', name });
}
