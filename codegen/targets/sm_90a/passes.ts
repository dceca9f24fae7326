import { needsOf } from '../../plan/needs.js';
import { roundUp, times, type Extent } from '../../plan/extent.js';
import type { Passes, PassTiling, SimilarityTiling } from '../../plan/problem.js';
import { guideLayout, operandLayout, segments } from '../cuda/layout.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { barrierBytes, limits, swizzleElements } from './limits.js';

export type SimilarityPass = 'stats' | 'gradient' | 'guide';

/** Bytes of one row of a tile in shared memory. */
const rowBytes = 2 * swizzleElements;

/** K-steps of a tile's dots: the depth, once for each product of planes. */
export function stepsOf(depthPadded: number, planes: number): number {
  return segments(planes, planes).length * Math.ceil(depthPadded / swizzleElements);
}

/** Shared memory of a similarity pass: the panel where it is resident, the ring, and two barriers a stage. */
export function similarityBytes({ rows, cols, stages, panel }: SimilarityTiling, steps: number): number {
  const [queryBytes, keyBytes] = [rows * rowBytes, cols * rowBytes];
  const resident = panel === 'resident';
  return (resident ? steps * keyBytes : 0) + stages * (queryBytes + (resident ? 0 : keyBytes) + 2 * barrierBytes);
}

/** Of a pass of a problem. */
export function similaritySharedBytes(problem: Problem, pass: SimilarityPass, tile: SimilarityTiling): number {
  const { depthPadded, planes } = pass === 'guide' ? guideLayout(problem) : operandLayout(problem);
  return similarityBytes(tile, stepsOf(depthPadded, planes));
}

/** Of a product that accumulates: the ring and its barriers. */
export function accumulateBytes({ rows, cols, stages }: PassTiling): number {
  return stages * ((rows + cols) * rowBytes + 2 * barrierBytes);
}

/** The most stages that fit, as many as are of use. */
export function stagesThatFit(bytesAt: (stages: number) => number, most = 8): number {
  let stages = 1;
  while (stages < most && bytesAt(stages + 1) <= limits.sharedBytes) stages += 1;
  return stages;
}

/** Registers of a consumer's thread: the sums, what it keeps of its columns down a panel, and the rest. */
export function registersOf(problem: Problem, pass: SimilarityPass, { rows, cols }: Pick<SimilarityTiling, 'rows' | 'cols'>, unrolled: boolean): number {
  return (rows * cols) / 128 + keptPerColumn(problem, pass, unrolled) * (cols / 4) + limits.registersBesideSums;
}

/** Numbers that a thread keeps of each of its columns for as long as it works on a panel. */
function keptPerColumn({ loss, softmax, reports }: Problem, pass: SimilarityPass, unrolled: boolean): number {
  const { col } = needsOf(loss, reports);
  const state = col?.term === undefined ? 0 : softmax === 'running' ? 2 : 1;
  if (pass === 'guide') return 0;
  return pass === 'stats' ? state + (col?.channels.length ?? 0) : unrolled ? state : 0;
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
