import { vectorPartials } from '../../plan/buffers.js';
import { ceilDiv, times } from '../../plan/extent.js';
import type { Buffer, Kernel } from '../../plan/plan.js';
import { elementType, operandLayout } from '../cuda/layout.js';
import { vectorThreads } from '../cuda/limits.js';
import { operandNames } from '../cuda/operands.js';
import { vectorKernel } from '../cuda/vector-kernels.js';
import type { FusedKernels, Partials, Problem, ResolvedTiling } from '../target.js';
import { mostCols, sumsDots } from './fused.js';
import { fusedSignatures } from './fused-signatures.js';

/** With fewer rows a chunk's launches are too short: it is about half of those whose tiles of dQ fill the multiprocessors once. */
const leastRows = 4096;

/** The kernels that the fused walk has beside the others'. `weights` works as `gradient` does, on the same tiles. */
export function fusedKernels(problem: Problem, tiling: ResolvedTiling, gradient: Kernel, rowPartials: Partials): FusedKernels {
  const parameters = fusedSignatures(problem, tiling);
  const vector = vectorKernel(parameters);
  return {
    weights: { ...gradient, name: 'weights', file: 'weights.cu', parameters: parameters.weights.parameters },
    scaleQueries: vector('scaleQueries', ceilDiv('rows', vectorThreads / 32), 'gradients.cu'),
    finishGradients: vector('finishGradients', vectorPartials, 'gradients.cu'),
    queries: operandNames(problem).queries,
    rowPartials,
    dots: sumsDots(problem),
    leastRows,
    mostCols: mostCols(problem),
  };
}

export function fusedBuffers(problem: Problem, { rowPartials, dots }: FusedKernels): readonly Buffer[] {
  const { planes, depthPadded } = operandLayout(problem);
  return [
    { name: 'scaledQueries', role: 'workspace', element: elementType(problem.precision), count: times('chunkRows', planes * depthPadded) },
    ...(dots
      ? ([
          { name: 'rowDots', role: 'statistic', element: 'f32', count: 'n' },
          { name: 'rowPartialDots', role: 'workspace', element: 'f32', count: rowPartials.count },
        ] as const)
      : []),
  ];
}
