import { isUniform, simplify, subexpressions, type Expression, type OperatorName } from '../../../dsl/expression/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import { ofOther } from '../../emit/line.js';
import { pairFields } from '../../emit/places.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { softplusTerms } from '../../emit/softplus-sums.js';
import { emitTileTest } from '../../emit/tile-test.js';
import { knownWherePlain, needsOf } from '../../plan/needs.js';
import { perLoss } from '../../plan/per-loss.js';
import type { Problem } from '../target.js';

/** How the loss's code is laid out over a tile: the switches of the templates. */
export interface Forms {
  /**
   * Whether tiles without masks, edges and positives have a code of their own. Not so where every pair needs more than its
   * logit and its exponential: the registers would not hold it.
   */
  readonly hasPlain: boolean;
  /** Whether that code is one copy for all rows of a thread, and not unrolled over them. */
  readonly compact: boolean;
}

export function formsOf(problem: Problem, { tileTest }: Pick<EmittedEpilogue, 'tileTest'>): Forms {
  return { hasPlain: hasPlain(problem.loss, tileTest, problem.reports), compact: isLong(problem) };
}

function hasPlain(loss: PairwiseLoss, tileTest: string, reports: boolean | undefined): boolean {
  const needs = needsOf(loss, reports);
  const fields = [...pairFields(loss, needs, 'row'), ...pairFields(loss, needs, 'col')];
  const channels = [...(needs.row?.channels ?? []), ...(needs.col?.channels ?? [])];
  const everTested = tileTest.includes('return false;');
  return fields.length === 0 && !needs.guide && !everTested && channels.every((channel) => knownWherePlain.has(channel));
}

/** Whether the loss is short enough for a code of plain tiles that is unrolled over a thread's sums, and keeps nothing beside them. */
export function isUnrolled({ loss, reports }: Problem): boolean {
  return unrolled(loss, reports);
}

const unrolled = perLoss((loss, reports): boolean => {
  const { row, col } = needsOf(loss, reports);
  const channels = (row?.channels.length ?? 0) + (col?.channels.length ?? 0);
  return hasPlain(loss, emitTileTest(loss, ''), reports) && channels === 0 && !hasLongFunction(loss.logit) && isShortPairTerm(loss);
});

/**
 * Whether the loss takes tens of instructions on each logit: a pair term, or a logit made by such functions. Unrolled over a
 * thread's logits they would take minutes to compile, and more registers than there are.
 */
function isLong({ loss }: Problem): boolean {
  return loss.pairs !== undefined || hasLongFunction(loss.logit);
}

/**
 * Whether the pair term takes few instructions where there is no positive: softpluses, which are summed in a way of their own, or a few
 * operators. Of any other form than softpluses, registers do not hold what it takes beside a softmax, or beside the pair's place.
 */
function isShortPairTerm(loss: PairwiseLoss): boolean {
  if (loss.pairs === undefined || softplusTerms(loss) !== undefined) return true;
  const value = simplify(ofOther(loss.pairs.value));
  const parts = [value, simplify(ofOther(loss.logit))].flatMap(subexpressions);
  const alone = loss.rows === undefined && loss.cols === undefined && !parts.some(({ kind }) => kind === 'attribute');
  return alone && !hasLongFunction(value) && parts.length <= mostParts;
}

/** Operators and operands of a pair term and the logit that it reads. */
const mostParts = 24;

function hasLongFunction(expression: Expression): boolean {
  return subexpressions(expression).some((part) => part.kind === 'apply' && longOperators.has(part.operator) && !isUniform(part));
}

const longOperators: ReadonlySet<OperatorName> = new Set(['exp', 'log', 'log1p', 'expm1', 'pow', 'tanh', 'sigmoid', 'softplus', 'sqrt', 'divide']);
