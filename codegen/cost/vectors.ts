import { evaluateExtent } from '../plan/extent.js';
import { elementBytes, type Plan } from '../plan/plan.js';
import type { Demand, MachineModel } from './estimate.js';
import type { Launches } from './launches.js';

/** Of a kernel over vectors, which does little with what it reads: its bytes. */
export function vectorDemand(plan: Plan, launches: Launches, machine: MachineModel): Demand {
  const bytes = bytesOf(plan, launches);
  return { on: { memory: bytes / machine.memoryBytes }, exposed: machine.latencySeconds, flops: 0, bytes };
}

function bytesOf({ dim, precision }: Plan, { kernel, args, shape }: Launches): number {
  const given = (name: string): number => {
    const arg = args[kernel.parameters.findIndex((parameter) => parameter.name === name)];
    return arg?.kind === 'extent' ? evaluateExtent(arg.value, shape) : 0;
  };
  const embedding = dim * elementBytes[precision];
  const { rows, cols, n, m } = shape;
  switch (kernel.name) {
    case 'merge':
    case 'mergeChannels':
      return 4 * given('tiles') * given('count') * Math.max(1, given('channels'));
    case 'reduceScalars':
      return 4 * given('tiles');
    case 'positives':
    case 'guidePositives':
      return 2 * n * embedding;
    case 'finishGradients':
      return (n + m) * (8 * dim + embedding);
    case 'scaleQueries':
      return 2 * rows * embedding;
    default:
      // Packing reads and writes embeddings; terms some numbers of each row.
      return kernel.name.startsWith('pack') ? (kernel.name.includes('Quer') ? rows : cols) * dim * (elementBytes[precision] + 4) : 48 * Math.max(n, m);
  }
}
