import { vectorPartials } from '../../plan/lower.js';
import { ceilDiv, max, roundUp, times, type Extent } from '../../plan/extent.js';
import type { Buffer, Kernel } from '../../plan/plan.js';
import type { Pack, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { accumulateBlock, elementType, operandLayout, ringBytes, sideBytes, threadsOf } from './geometry.js';
import { vectorThreads } from './limits.js';
import { signatures, type KernelName } from './signatures.js';

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
  const ring = ringBytes(block);
  const similarity = (name: KernelName, sharedBytes: number): Kernel =>
    kernel(name, `${name}.cu`, times(rowTiles, colTiles), threadsOf(block, register), sharedBytes);

  const output = accumulateBlock(problem, tiling);
  const outputCols = Math.ceil(problem.dim / output.cols);
  const accumulate = (name: KernelName, outputRows: Extent): Kernel =>
    kernel(name, 'accumulate.cu', times(ceilDiv(outputRows, output.rows), outputCols), threadsOf(output, register), ringBytes(output));

  const planePitch = roundUp('chunkCols', pitchGranule);
  const pitch = times(gradientPlanes, planePitch);
  return {
    kernels: {
      norms: vector('norms', vectorPartials),
      positives: vector('positives', vectorPartials, 'positives.cu'),
      stats: similarity('stats', ring),
      merge: vector('merge', ceilDiv(max('rows', 'cols'), vectorThreads)),
      scale: vector('scale', vectorPartials),
      gradient: similarity('gradient', ring + sideBytes(problem, block)),
      reduceScalars: vector('reduceScalars', 1),
      accumulateQueries: accumulate('accumulateQueries', 'rows'),
      accumulateKeys: accumulate('accumulateKeys', 'cols'),
    },
    ...packing(problem, vector),
    rowTiles,
    colTiles,
    gradient: { element: elementType(problem.precision), pitch, count: times('chunkRows', pitch) },
  };
}

/** Rows of G start on 128-byte lines. */
const pitchGranule = 64;

/** Copies that the tensor cores can read, of inputs that they cannot. */
function packing(problem: Problem, vector: (name: KernelName, grid: Extent) => Kernel): Pick<TargetKernels, 'packs' | 'workspace'> {
  const { direct, planes, depthPadded } = operandLayout(problem);
  if (direct) return { packs: [], workspace: [] };
  const rowsPerBlock = vectorThreads / 32;
  const buffer = (name: string, rows: Extent): Buffer => ({
    name,
    role: 'workspace',
    element: elementType(problem.precision),
    count: times(rows, planes * depthPadded),
  });
  const pack = (name: KernelName, side: Pack['side'], written: string): Pack => ({
    kernel: vector(name, ceilDiv(side, rowsPerBlock)),
    side,
    buffer: written,
    neededBy: 'both',
  });
  return {
    packs: [pack('packQueries', 'rows', 'packedQueries'), pack('packKeys', 'cols', 'packedKeys')],
    workspace: [buffer('packedQueries', 'chunkRows'), buffer('packedKeys', 'chunkCols')],
  };
}
