import { ceilDiv, roundUp, times, type Extent } from '../../plan/extent.js';
import { needsOf } from '../../plan/needs.js';
import type { Kernel } from '../../plan/plan.js';
import type { KernelName } from '../cuda/kernel-name.js';
import { elementType, operandLayout } from '../cuda/layout.js';
import { needed } from '../cuda/needed.js';
import { packing } from '../cuda/packing.js';
import { callerKernels, vectorKernel, vectorKernels } from '../cuda/vector-kernels.js';
import { tilePartials } from '../tile-partials.js';
import type { KernelRole, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { accumulateBlock, ringBytes, threadsOf } from './geometry.js';
import { gradientBytes, statsBytes } from './shared-memory.js';
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
  const vector = vectorKernel(kernels);

  const rowTiles = ceilDiv('rows', block.rows);
  const colTiles = ceilDiv('cols', block.cols);
  const similarity = (name: KernelName, sharedBytes: number): Kernel => kernel(name, `${name}.cu`, times(rowTiles, colTiles), threadsOf(block, register), sharedBytes);

  const output = accumulateBlock(problem, tiling);
  const outputCols = Math.ceil(problem.dim / output.cols);
  const accumulate = (name: KernelName, outputRows: Extent): Kernel =>
    kernel(name, 'accumulate.cu', times(ceilDiv(outputRows, output.rows), outputCols), threadsOf(output, register), ringBytes(output));

  const all: Readonly<Record<KernelRole, Kernel>> = {
    ...vectorKernels(vector),
    guide: similarity('guide', ringBytes(block)),
    stats: similarity('stats', statsBytes(problem, tiling)),
    gradient: similarity('gradient', gradientBytes(problem, tiling)),
    accumulateQueries: accumulate('accumulateQueries', 'rows'),
    accumulateKeys: accumulate('accumulateKeys', 'cols'),
  };
  const pitch = times(gradientPlanes, roundUp('chunkCols', pitchGranule));
  return {
    kernels: needed(all, needsOf(problem.loss, problem.reports), problem.ring === true),
    ...packing(problem, vector),
    ...callerKernels(vector, problem.ring === true),
    ...tilePartials(block),
    gradient: { element: elementType(problem.precision), pitch, count: times('chunkRows', pitch) },
  };
}

/** Rows of G start on 128-byte lines. */
const pitchGranule = 64;
