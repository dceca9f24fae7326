import { readsGuide, type Needs } from '../../plan/needs.js';
import type { Kernel } from '../../plan/plan.js';
import type { KernelRole, TargetKernels } from '../target.js';

/** The kernels that the loss's passes launch. `ring`: whether ranks share them; `apart`: whether the products that accumulate have a launch each. */
export function needed(all: Readonly<Record<KernelRole, Kernel>>, needs: Needs, ring: boolean, apart = true): TargetKernels['kernels'] {
  const { row, col, ofPositive } = needs;
  const asked: Readonly<Record<KernelRole, boolean>> = {
    norms: true,
    add: ring,
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
    accumulateQueries: apart,
    accumulateKeys: apart,
  };
  return Object.fromEntries(Object.entries(all).filter(([role]) => Object.entries(asked).some(([name, wanted]) => name === role && wanted)));
}
