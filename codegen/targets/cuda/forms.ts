import { isUniform, subexpressions, type OperatorName } from '../../../dsl/expression/index.js';
import { pairFields } from '../../emit/places.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { emitTileTest } from '../../emit/tile-test.js';
import { needsOf, type Channel } from '../../plan/needs.js';
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
  const { loss, reports } = problem;
  const needs = needsOf(loss, reports);
  const fields = [...pairFields(loss, needs, 'row'), ...pairFields(loss, needs, 'col')];
  const channels = [...(needs.row?.channels ?? []), ...(needs.col?.channels ?? [])];
  const everTested = tileTest.includes('return false;');
  return {
    hasPlain: fields.length === 0 && !needs.guide && !everTested && channels.every((channel) => constantWherePlain.has(channel)),
    compact: isLong(problem),
  };
}

/** Whether the loss is short enough for a code of plain tiles that is unrolled over a thread's sums, and keeps nothing beside them. */
export function isUnrolled(problem: Problem): boolean {
  const { row, col } = needsOf(problem.loss, problem.reports);
  const channels = (row?.channels.length ?? 0) + (col?.channels.length ?? 0);
  const { hasPlain, compact } = formsOf(problem, { tileTest: emitTileTest(problem.loss, '') });
  return hasPlain && !compact && channels === 0;
}

/** Where nothing is masked and there is no positive, these are known: 0, or the size of the tile. */
const constantWherePlain: ReadonlySet<Channel> = new Set(['positives', 'positiveCount', 'count']);

/**
 * Whether the loss takes tens of instructions on each logit: a pair term, or a logit made by such functions. Unrolled over a
 * thread's logits they would take minutes to compile, and more registers than there are.
 */
function isLong({ loss }: Problem): boolean {
  const parts = subexpressions(loss.logit);
  return loss.pairs !== undefined || parts.some((part) => part.kind === 'apply' && longOperators.has(part.operator) && !isUniform(part));
}

const longOperators: ReadonlySet<OperatorName> = new Set(['exp', 'log', 'log1p', 'expm1', 'pow', 'tanh', 'sigmoid', 'softplus', 'sqrt', 'divide']);
