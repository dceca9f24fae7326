import type { FusedKernels, TargetKernels } from '../targets/target.js';
import { at, extent, finishBindings, mergeBindings, termBindings } from './bindings.js';
import { unset, vectorPartials } from './buffers.js';
import type { Needs } from './needs.js';
import type { Step } from './plan.js';
import { accumulations, bits, fill, loop, ofPositives, packsOf, type Launcher } from './steps.js';

/**
 * Forward and backward in one walk over chunks that have all columns. G_ij = u_i e_ij slope of a softmax of rows alone, but for its
 * positive: so dQ_i is u_i times a sum over exponentials, and dK_j a sum of exponentials times u_i Q_i, where u_i is known when the row's
 * sum is. No logit is made twice.
 */
export function fusedSteps(needs: Needs, { packs, accumulate }: TargetKernels, fused: FusedKernels, launch: Launcher): readonly Step[] {
  const { weights, scaleQueries, finishGradients, rowPartials, dots } = fused;
  const merged = mergeBindings('row', rowPartials);
  const positives = ofPositives(needs, launch);
  return [
    bits('scalars', 0),
    bits('dQueries', 0),
    bits('dKeys', 0),
    fill('rowMax', -Infinity),
    fill('rowSum', 0),
    ...(dots ? [fill('rowDots', 0)] : []),
    ...clearTerms(dots),
    bits('flags', unset),
    ...positives.begin,
    ...positives.tile,
    ...packsOf(packs, 'cols', 'gradient', launch),
    loop('rows', [
      ...packsOf(packs, 'rows', 'gradient', launch),
      launch(weights),
      launch('merge', merged),
      ...(dots ? [launch('merge', { ...merged, partialSum: at('rowPartialDots'), sum: at('rowDots', 'row0') })] : []),
      launch('rowTerms', { ...termBindings('row', needs), first: extent('row0'), count: extent('rows') }),
      launch(scaleQueries),
      ...accumulations(accumulate, launch, { [fused.queries]: at('scaledQueries') }),
    ]),
    launch(finishGradients, finishBindings()),
    launch('reduceScalars', { tiles: extent(vectorPartials) }),
    { kind: 'guard', buffer: 'flags' },
  ];
}

/** Before terms that are made for some rows at a time: their partial results are added to. */
export function clearTerms(params: boolean): readonly Step[] {
  return [bits('rowLoss', 0), ...(params ? [bits('rowParams', 0)] : [])];
}
