import { pairFields } from '../../emit/places.js';
import { softplusTerms } from '../../emit/softplus-sums.js';
import { needsOf } from '../../plan/needs.js';
import { roundUp, times, type Extent } from '../../plan/extent.js';
import type { Passes, PassTiling, SimilarityTiling } from '../../plan/problem.js';
import { isUnrolled } from '../cuda/forms.js';
import { guideLayout, operandLayout, segments, type Operands } from '../cuda/layout.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { barrierBytes, columnGroup, consumerWarps, groupThreads, limits, swizzleElements, usualMultiprocessors } from './limits.js';

export type SimilarityPass = 'stats' | 'gradient' | 'guide';

/** Bytes of one row of a tile in shared memory. */
export const rowBytes = 2 * swizzleElements;

/** Whether a similarity pass's consumers share its tiles; otherwise they take turns at them. */
export function isTogether({ cols, groupCols }: Pick<SimilarityTiling, 'cols' | 'groupCols'>): boolean {
  return groupCols < cols;
}

/** K-steps of a tile up to which a panel of keys stays in shared memory: it is then read once, and consumers take turns at tiles. */
export const residentSteps = 8;

/** K-steps of a pass's tile: the depth, once for each product of planes. */
export function stepsOfPass(problem: Operands, pass: SimilarityPass): number {
  const { depthPadded, planes } = pass === 'guide' ? guideLayout(problem) : operandLayout(problem);
  return segments(planes, planes).length * Math.ceil(depthPadded / swizzleElements);
}

/**
 * Shared memory of a similarity pass: what of the panel is resident, the ring, two barriers a stage, boxes to write, and scalars in
 * fp64. A stage holds a k-step of both operands where consumers share a tile, and of one where they take turns.
 */
export function similaritySharedBytes(problem: Problem, pass: SimilarityPass, tile: SimilarityTiling): number {
  const { rows, cols, stages, residentSteps } = tile;
  const [queryBytes, keyBytes] = [rows * rowBytes, cols * rowBytes];
  const streams = residentSteps < stepsOfPass(problem, pass);
  const stageBytes = isTogether(tile) ? queryBytes + keyBytes : Math.max(queryBytes, streams ? keyBytes : 0);
  const ring = stages * (stageBytes + 2 * barrierBytes);
  return residentSteps * keyBytes + ring + outputBytes(problem, pass, tile) + 8 * consumerWarps * (1 + problem.loss.params.length);
}

/** Blocks of a cluster that have the same panel: those of consumers that share a tile, who share its keys too. */
export function sharers(tile: SimilarityTiling): number {
  return isTogether(tile) ? tile.cluster : 1;
}

/**
 * Whether blocks go down their panels side by side: where the queries of many places have no room in the L2 cache, as the keys that
 * stream through all blocks take it, or as the forward walk's chunks have so many rows.
 */
export function isAbreast(problem: Operands, pass: SimilarityPass, tile: SimilarityTiling): boolean {
  if (pass === 'stats' && tile.panel === 'resident') return true;
  const streamedSteps = stepsOfPass(problem, pass) - tile.residentSteps;
  return (streamedSteps * tile.cols * rowBytes * usualMultiprocessors) / sharers(tile) > limits.streamedBytes;
}

/** Columns of a box that a warp writes of G: as many as the swizzle takes, for the copy engine takes as long for a narrow row as for a wide one. */
export function boxCols({ groupCols }: Pick<SimilarityTiling, 'groupCols'>): number {
  return groupCols % swizzleElements === 0 ? swizzleElements : columnGroup;
}

/** What warps have to write of G: boxes of 16 rows, 2 bytes a number and plane. */
export function outputBytes(problem: Operands, pass: SimilarityPass, { groupCols }: Pick<SimilarityTiling, 'groupCols'>): number {
  return pass === 'gradient' ? consumerWarps * 16 * 2 * groupCols * operandLayout(problem).gradientPlanes : 0;
}

/** Of a product that accumulates: the ring and its barriers. */
export function accumulateBytes({ rows, cols, stages }: PassTiling): number {
  return stages * ((rows + cols) * rowBytes + 2 * barrierBytes);
}

/** The most stages that fit, as many as are of use. */
export function stagesThatFit(bytesAt: (stages: number) => number, most = 8): number {
  return Math.max(1, mostThatFits(bytesAt, most));
}

/** The largest count, up to `most`, whose bytes a block's shared memory holds. */
export function mostThatFits(bytesAt: (count: number) => number, most: number): number {
  let count = 0;
  while (count < most && bytesAt(count + 1) <= limits.sharedBytes) count += 1;
  return count;
}

/** How the registers of a block are shared between its warp groups. */
export function registerShares({ cluster }: Pick<PassTiling, 'cluster'>): { readonly consumer: number; readonly producer: number } {
  return cluster > 1 ? limits.registers.clustered : limits.registers.alone;
}

/** Registers of a consumer's thread: the sums, what it keeps of its columns down a panel, and the rest. */
export function registersOf(problem: Problem, pass: SimilarityPass, { rows, groupCols: cols }: Pick<SimilarityTiling, 'rows' | 'groupCols'>): number {
  const sums = (rows * cols) / groupThreads;
  const asked = pass === 'guide' ? 0 : keptPerGroup(problem, pass) * (cols / columnGroup) + lossRegisters(problem);
  const spread = pass !== 'guide' && isSpread(problem) ? cols / 4 : 0;
  return sums + asked + spread + limits.registersBesideSums;
}

/** Whether plain tiles keep a number of each of a thread's own columns down a panel, and share it out among lanes at its end. */
export function isSpread(problem: Problem): boolean {
  return isUnrolled(problem) && problem.softmax === 'bounded' && problem.loss.cols !== undefined;
}

/** Numbers that a lane keeps, of one column of every group, for as long as a panel is worked on. */
function keptPerGroup({ loss, softmax, reports }: Problem, pass: 'stats' | 'gradient'): number {
  const { col } = needsOf(loss, reports);
  if (col === undefined) return 0;
  return (col.term === undefined ? 0 : softmax === 'running' ? 2 : 1) + (pass === 'stats' ? col.channels.length : 0);
}

/** What a loss takes beside a logit and its exponential: maxima, masks, channels, numbers read of rows and columns, a pair term and its sums, G in planes. */
function lossRegisters(problem: Problem): number {
  const { loss, softmax, reports, precision } = problem;
  const needs = needsOf(loss, reports);
  const channels = (needs.row?.channels.length ?? 0) + (needs.col?.channels.length ?? 0);
  const fields = pairFields(loss, needs, 'row').length + pairFields(loss, needs, 'col').length;
  const parts = [softmax === 'running', needs.relation !== 'diagonal', needs.stacked, needs.guide, loss.pairs !== undefined, loss.rows?.counts, loss.cols?.counts, precision === 'f16', operandLayout(problem).gradientPlanes > 1];
  const softpluses = isUnrolled(problem) ? (softplusTerms(loss)?.length ?? 0) : 0;
  return 8 * parts.filter((part) => part !== undefined && part !== false).length + 4 * channels + 4 * fields + 12 * softpluses;
}

/** Chunks of rows that the forward walk takes at once. The guide's inner products are kept by both walks. */
export function forwardRows({ loss }: Problem): number {
  return loss.guide ? 1 : 4;
}

/**
 * Chunks of columns that it takes at once, where a panel of keys stays whole; where a part of it streams, it gains nothing, as measured on
 * an H200. Packed keys are kept by both walks.
 */
export function forwardCols(problem: Problem): number {
  return problem.loss.guide || !operandLayout(problem).direct || stepsOfPass(problem, 'stats') > residentSteps ? 1 : 2;
}

/** How G is kept in the workspace: rows of planes, each on 128-byte lines. */
export function gradientLayout(problem: Problem): { readonly planes: number; readonly pitch: Extent; readonly planePitch: Extent } {
  const { gradientPlanes } = operandLayout(problem);
  const planePitch = roundUp('chunkCols', swizzleElements);
  return { planes: gradientPlanes, pitch: times(gradientPlanes, planePitch), planePitch };
}

/** The tiles of each pass, which this target's tilings always have. */
export function passesOf({ name, passes }: ResolvedTiling): Passes {
  if (passes === undefined) throw new Error(`tiling '${name}' was resolved for another target`);
  return passes;
}
