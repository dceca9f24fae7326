import { ceilDiv, plus, roundUp, times } from '../../plan/extent.js';
import type { Extent } from '../../plan/extent.js';
import type { Buffer } from '../../plan/plan.js';
import type { KernelRole, Pack, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { entryPoints, type PackName } from './entry-points.js';
import { geometry } from './geometry.js';
import type { CpuMachine } from './machines.js';
import { kernelOf } from './parameters.js';

/** Kernels of a CPU and the workspace they need. All of them run on every thread they are given: no launch geometry. */
export function describe(machine: CpuMachine, problem: Problem, tiling: ResolvedTiling): TargetKernels {
  const { block, register } = tiling;
  const { steps, panel, paddedDim } = geometry(machine, problem, tiling);
  // A register tile's height more than whole tiles: panels of G then start in different sets of the caches.
  const pitch = plus(roundUp('chunkRows', register.rows), register.rows);
  return {
    kernels: {
      norms: kernel('norms'),
      positives: kernel('positives'),
      stats: kernel('stats'),
      merge: kernel('merge'),
      scale: kernel('scale'),
      gradient: kernel('gradient'),
      reduceScalars: kernel('reduceScalars'),
      accumulateQueries: kernel('accumulateQueries'),
      accumulateKeys: kernel('accumulateKeys'),
    },
    packs: [
      pack('packQueryPanels', 'rows', 'queryPanels', 'both'),
      pack('packKeyPanels', 'cols', 'keyPanels', 'both'),
      pack('packQueryRows', 'rows', 'queryRows', 'gradient'),
      pack('packKeyRows', 'cols', 'keyRows', 'gradient'),
    ],
    workspace: [
      buffer('queryPanels', times(roundUp('chunkRows', register.rows), steps)),
      buffer('keyPanels', times(roundUp('chunkCols', register.cols), steps)),
      buffer('queryRows', times(roundUp('chunkRows', block.depth), paddedDim)),
      buffer('keyRows', times(roundUp('chunkCols', block.depth), paddedDim)),
    ],
    rowTiles: ceilDiv('rows', block.rows),
    colTiles: ceilDiv('cols', block.cols),
    gradient: { element: 'f32', pitch, count: times(pitch, roundUp('chunkCols', panel)) },
  };
}

function kernel(role: KernelRole | PackName): Pack['kernel'] {
  return kernelOf(entryPoints[role]);
}

function pack(name: PackName, side: Pack['side'], written: string, neededBy: Pack['neededBy']): Pack {
  return { kernel: kernel(name), side, buffer: written, neededBy };
}

/** f32, or words of two bf16. */
function buffer(name: string, count: Extent): Buffer {
  return { name, role: 'workspace', element: 'f32', count };
}
