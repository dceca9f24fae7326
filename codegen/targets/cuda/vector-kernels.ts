import { vectorPartials } from '../../plan/buffers.js';
import { ceilDiv, max, type Extent } from '../../plan/extent.js';
import type { Kernel } from '../../plan/plan.js';
import type { KernelRole, TargetKernels } from '../target.js';
import type { KernelName } from './kernel-name.js';
import { vectorThreads } from './limits.js';
import type { Signature } from './parameters.js';

export type VectorRole = Exclude<KernelRole, 'stats' | 'gradient' | 'guide' | 'accumulateQueries' | 'accumulateKeys'>;

/** Makes a kernel over vectors: a thread, or a warp, for each entry. */
export type VectorKernel<Name = KernelName> = (name: Name, grid: Extent, file?: string) => Kernel;

export function vectorKernel<Name extends string>(signatures: Readonly<Record<Name, Signature>>): VectorKernel<Name> {
  return (name, grid, file = 'vectors.cu') => ({ name, file, parameters: signatures[name].parameters, grid, threads: vectorThreads, sharedBytes: 0 });
}

/** What callers have of a rank alone beside its walks; ranks of a ring leave the numbers to their hosts. */
export function callerKernels(vector: VectorKernel, ring: boolean): Pick<TargetKernels, 'forCallers'> {
  return ring ? {} : { forCallers: { results: vector('results', 1), multiply: vector('multiply', vectorPartials) } };
}

/** Kernels over vectors, which are the same for every GPU. */
export function vectorKernels(vector: VectorKernel): Readonly<Record<VectorRole, Kernel>> {
  const perEntry = ceilDiv(max('rows', 'cols'), vectorThreads);
  return {
    norms: vector('norms', vectorPartials),
    positives: vector('positives', vectorPartials, 'positives.cu'),
    add: vector('add', vectorPartials),
    gather: vector('gather', ceilDiv('m', vectorThreads)),
    guidePositives: vector('guidePositives', vectorPartials, 'guideVectors.cu'),
    merge: vector('merge', ceilDiv(max('rows', 'cols'), 32)),
    mergeChannels: vector('mergeChannels', perEntry),
    tally: vector('tally', 1),
    rowTerms: vector('rowTerms', vectorPartials, 'terms.cu'),
    colTerms: vector('colTerms', vectorPartials, 'terms.cu'),
    reduceScalars: vector('reduceScalars', 1),
  };
}
