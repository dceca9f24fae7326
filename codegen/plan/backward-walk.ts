import type { TargetKernels } from '../targets/target.js';
import { extent } from './bindings.js';
import type { Needs } from './needs.js';
import type { Step } from './plan.js';
import { accumulations, bits, loop, packsOf, type Launcher } from './steps.js';

/** Gradients of the rows and columns at hand, which are added to what is there. */
export function gradientTile({ guide }: Needs, { packs, scalarPartials, accumulate }: TargetKernels, launch: Launcher): readonly Step[] {
  return [
    loop('rows', [
      ...packsOf(packs, 'rows', 'gradient', launch),
      loop('cols', [
        ...packsOf(packs, 'cols', 'gradient', launch),
        ...(guide ? [launch('guide')] : []),
        launch('gradient'),
        launch('reduceScalars', { tiles: extent(scalarPartials.gradient) }),
        ...accumulations(accumulate, launch),
      ]),
    ]),
  ];
}

export function backwardWalk(needs: Needs, kernels: TargetKernels, launch: Launcher): readonly Step[] {
  const outputs = needs.stacked ? ['dEmbeddings'] : ['dQueries', 'dKeys'];
  return [bits('scalars', 0), ...outputs.map((output) => bits(output, 0)), ...gradientTile(needs, kernels, launch)];
}
