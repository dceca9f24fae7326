import { ceilDiv, roundUp, times, type Extent } from '../../plan/extent.js';
import type { Buffer } from '../../plan/plan.js';
import type { Pack, Problem, TargetKernels } from '../target.js';
import { elementType, guideLayout, operandLayout, type OperandLayout } from './layout.js';
import { guideGranule, vectorThreads } from './limits.js';
import type { VectorKernel } from './vector-kernels.js';

/** Copies that the tensor cores can read, of inputs that they cannot; and the guide's inner products. */
export function packing(problem: Problem, vector: VectorKernel): Pick<TargetKernels, 'packs' | 'workspace'> {
  const operands = packsOf(problem, operandLayout(problem), (side) => ({
    kernel: vector(side === 'rows' ? 'packQueries' : 'packKeys', blocks(side)),
    buffer: side === 'rows' ? 'packedQueries' : 'packedKeys',
  }));
  if (!problem.loss.guide) return operands;
  const guides = packsOf(problem, guideLayout(problem), (side) => ({
    kernel: vector(side === 'rows' ? 'packGuideQueries' : 'packGuideKeys', blocks(side), 'guideVectors.cu'),
    buffer: side === 'rows' ? 'packedGuideQueries' : 'packedGuideKeys',
  }));
  const products: Buffer = { name: 'guideTile', role: 'workspace', element: 'f32', count: times('chunkRows', roundUp('chunkCols', guideGranule)) };
  return { packs: [...operands.packs, ...guides.packs], workspace: [...operands.workspace, ...guides.workspace, products] };
}

function packsOf(problem: Problem, { direct, planes, depthPadded }: OperandLayout, of: (side: Pack['side']) => Pick<Pack, 'kernel' | 'buffer'>): Pick<TargetKernels, 'packs' | 'workspace'> {
  if (direct) return { packs: [], workspace: [] };
  const packs = (['rows', 'cols'] as const).map((side): Pack => ({ ...of(side), side, neededBy: 'both' }));
  const workspace = packs.map(({ buffer, side }): Buffer => {
    const length = side === 'rows' ? 'chunkRows' : 'chunkCols';
    return { name: buffer, role: 'workspace', element: elementType(problem.precision), count: times(length, planes * depthPadded) };
  });
  return { packs, workspace };
}

/** A warp per embedding. */
function blocks(side: Pack['side']): Extent {
  return ceilDiv(side, vectorThreads / 32);
}
