import type { TargetKernels } from '../targets/target.js';
import { extent } from './bindings.js';
import type { Needs } from './needs.js';
import type { Step, TilePiece } from './plan.js';
import { accumulations, bits, loop, packsOf, type Launcher } from './steps.js';

/** Gradients of the rows and columns at hand, which are added to what is there. */
export function gradientTile({ guide }: Needs, { packs, scalarPartials, accumulate }: TargetKernels, launch: Launcher): { readonly tile: readonly Step[]; readonly piece: TilePiece } {
  const packedRows = packsOf(packs, 'rows', 'gradient', launch);
  const weights = [...packsOf(packs, 'cols', 'gradient', launch), ...(guide ? [launch('guide')] : []), launch('gradient'), launch('reduceScalars', { tiles: extent(scalarPartials.gradient) })];
  const products = accumulations(accumulate, launch);
  return { tile: [loop('rows', [...packedRows, loop('cols', [...weights, ...products])])], piece: { make: [...packedRows, ...weights], add: products } };
}

export function backwardWalk(needs: Needs, kernels: TargetKernels, launch: Launcher): readonly Step[] {
  const outputs = needs.stacked ? ['dEmbeddings'] : ['dQueries', 'dKeys'];
  return [bits('scalars', 0), ...outputs.map((output) => bits(output, 0)), ...gradientTile(needs, kernels, launch).tile];
}
