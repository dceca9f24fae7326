import { vectorPartials } from '../../plan/buffers.js';
import { ceilDiv, max, roundUp, times, type Extent } from '../../plan/extent.js';
import { needsOf, readsGuide, type Needs } from '../../plan/needs.js';
import type { Kernel } from '../../plan/plan.js';
import type { KernelRole, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { accumulateBlock, elementType, operandLayout, ringBytes, threadsOf } from './geometry.js';
import { vectorThreads } from './limits.js';
import { packing } from './packing.js';
import { gradientBytes, statsBytes } from './shared-memory.js';
import type { KernelName } from './kernel-name.js';
import { signatures } from './signatures.js';

/** Kernels, their launch geometry, and the workspace they need. */
export function describe(problem: Problem, tiling: ResolvedTiling): TargetKernels {
  const { block, register } = tiling;
  const { gradientPlanes } = operandLayout(problem);
  const kernels = signatures(problem);
  const kernel = (name: KernelName, file: string, grid: Extent, threads: number, sharedBytes = 0): Kernel => ({
    name,
    file,
    parameters: kernels[name].parameters,
    grid,
    threads,
    sharedBytes,
  });
  const vector = (name: KernelName, grid: Extent, file = 'vectors.cu'): Kernel => kernel(name, file, grid, vectorThreads);

  const rowTiles = ceilDiv('rows', block.rows);
  const colTiles = ceilDiv('cols', block.cols);
  const similarity = (name: KernelName, sharedBytes: number): Kernel => kernel(name, `${name}.cu`, times(rowTiles, colTiles), threadsOf(block, register), sharedBytes);

  const output = accumulateBlock(problem, tiling);
  const outputCols = Math.ceil(problem.dim / output.cols);
  const accumulate = (name: KernelName, outputRows: Extent): Kernel =>
    kernel(name, 'accumulate.cu', times(ceilDiv(outputRows, output.rows), outputCols), threadsOf(output, register), ringBytes(output));

  const perEntry = ceilDiv(max('rows', 'cols'), vectorThreads);
  const all: Readonly<Record<KernelRole, Kernel>> = {
    norms: vector('norms', vectorPartials),
    positives: vector('positives', vectorPartials, 'positives.cu'),
    gather: vector('gather', ceilDiv('m', vectorThreads)),
    guidePositives: vector('guidePositives', vectorPartials, 'guideVectors.cu'),
    guide: similarity('guide', ringBytes(block)),
    stats: similarity('stats', statsBytes(problem, tiling)),
    merge: vector('merge', perEntry),
    mergeChannels: vector('mergeChannels', perEntry),
    tally: vector('tally', 1),
    rowTerms: vector('rowTerms', vectorPartials, 'terms.cu'),
    colTerms: vector('colTerms', vectorPartials, 'terms.cu'),
    gradient: similarity('gradient', gradientBytes(problem, tiling)),
    reduceScalars: vector('reduceScalars', 1),
    accumulateQueries: accumulate('accumulateQueries', 'rows'),
    accumulateKeys: accumulate('accumulateKeys', 'cols'),
  };
  const pitch = times(gradientPlanes, roundUp('chunkCols', pitchGranule));
  return {
    kernels: needed(all, needsOf(problem.loss, problem.reports)),
    ...packing(problem, (name, grid, file) => vector(name, grid, file)),
    rowTiles,
    colTiles,
    gradient: { element: elementType(problem.precision), pitch, count: times('chunkRows', pitch) },
  };
}

/** Rows of G start on 128-byte lines. */
const pitchGranule = 64;

/** Those that the loss's passes launch. */
function needed(all: Readonly<Record<KernelRole, Kernel>>, needs: Needs): TargetKernels['kernels'] {
  const { row, col, ofPositive } = needs;
  const asked: Readonly<Record<KernelRole, boolean>> = {
    norms: true,
    positives: needs.positives,
    gather: ofPositive.col.length > 0,
    guidePositives: readsGuide(ofPositive),
    guide: needs.guide,
    stats: true,
    merge: needs.softmax,
    mergeChannels: [row, col].some((side) => side !== undefined && side.channels.length > 0),
    tally: row?.counted === true || col?.counted === true,
    rowTerms: row?.term !== undefined,
    colTerms: col?.term !== undefined,
    gradient: true,
    reduceScalars: true,
    accumulateQueries: true,
    accumulateKeys: true,
  };
  return Object.fromEntries(Object.entries(all).filter(([role]) => Object.entries(asked).some(([name, wanted]) => name === role && wanted)));
}
