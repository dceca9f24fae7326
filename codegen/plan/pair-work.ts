import { isUniform, subexpressions, type Expression, type OperatorName } from '../../dsl/expression/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { differentiateLoss } from '../emit/derivatives.js';
import { ofOther } from '../emit/line.js';
import { pairFields } from '../emit/places.js';
import { knownWherePlain, needsOf, type Channel } from './needs.js';
import type { SoftmaxMode } from './plan.js';
import { perLoss } from './per-loss.js';

/** What a pass does to each dot, beside making it: functions of a unit of their own (exponentials and their like), and plain operations. */
export interface PairWork {
  readonly special: number;
  readonly operations: number;
}

export interface PlanWork {
  readonly stats: PairWork;
  readonly gradient: PairWork;
}

/** Of pairs that are no positives: the others are few. */
export const pairWork = perLoss((loss, reports): Readonly<Record<SoftmaxMode, PlanWork>> => {
  const ofMode = (softmax: SoftmaxMode): PlanWork => ({ stats: statsWork(loss, reports, softmax), gradient: gradientWork(loss, reports, softmax) });
  return { bounded: ofMode('bounded'), running: ofMode('running') };
});

function statsWork(loss: PairwiseLoss, reports: boolean, softmax: SoftmaxMode): PairWork {
  const { logit, pair } = differentiateLoss(loss);
  const channels = channelsOf(loss, reports).length;
  return sum([workOf([logit, ...masksOf(loss), ...(pair === undefined ? [] : [pair.value])]), softmaxWork(loss, softmax), testsOf(loss, reports), { special: 0, operations: 2 * channels + (pair === undefined ? 0 : 1) }]);
}

/** G is scaled, converted and stored. */
function gradientWork(loss: PairwiseLoss, reports: boolean, softmax: SoftmaxMode): PairWork {
  const { logit, logitByDot, logitByParams, pair } = differentiateLoss(loss);
  const ofPair = pair === undefined ? [] : [pair.byLogit, pair.byDot, ...pair.byParams];
  return sum([workOf([logit, ...masksOf(loss), logitByDot, ...logitByParams, ...ofPair]), softmaxWork(loss, softmax), testsOf(loss, reports), { special: 0, operations: 4 + loss.params.length }]);
}

/** One exponential serves both sides where it is in range of one offset; with running maxima each side has its own, and compares besides. */
function softmaxWork({ rows, cols }: PairwiseLoss, softmax: SoftmaxMode): PairWork {
  const sides = [rows, cols].filter((side) => side !== undefined).length;
  return softmax === 'running' ? { special: sides, operations: 4 * sides } : { special: Math.min(1, sides), operations: 2 * sides };
}

function channelsOf(loss: PairwiseLoss, reports: boolean): readonly Channel[] {
  const { row, col } = needsOf(loss, reports);
  return [...(row?.channels ?? []), ...(col?.channels ?? [])];
}

/** Where every pair is looked at by itself, and none of a tile together: whether it is inside, counts, and is a positive. As timed on an H200. */
function testsOf(loss: PairwiseLoss, reports: boolean): PairWork {
  const needs = needsOf(loss, reports);
  const read = pairFields(loss, needs, 'row').length + pairFields(loss, needs, 'col').length;
  const each = read > 0 || needs.guide || channelsOf(loss, reports).some((channel) => !knownWherePlain.has(channel));
  return each ? { special: 0, operations: 40 } : nothing;
}

function masksOf({ rows, cols, positives }: PairwiseLoss): readonly Expression[] {
  return [rows?.counts, cols?.counts, positives.kind === 'where' ? positives.where : undefined].filter((mask) => mask !== undefined);
}

/** Of expressions that share nothing; what is the same for all pairs is worked out once. */
function workOf(expressions: readonly Expression[]): PairWork {
  const applied = expressions.map(ofOther).flatMap((expression) => [...subexpressions(expression)]).filter((part) => part.kind === 'apply' && !isUniform(part));
  return sum(applied.map((part) => (part.kind === 'apply' ? { special: special[part.operator] ?? 0, operations: 1 } : nothing)));
}

/** Exponentials, logarithms, reciprocals and roots that a function is made of. */
const special: Readonly<Partial<Record<OperatorName, number>>> = { exp: 1, log: 1, log1p: 1, expm1: 1, sqrt: 1, divide: 1, sigmoid: 2, softplus: 2, tanh: 2, pow: 2 };

const nothing: PairWork = { special: 0, operations: 0 };

function sum(parts: readonly PairWork[]): PairWork {
  return parts.reduce((total, part) => ({ special: total.special + part.special, operations: total.operations + part.operations }), nothing);
}
