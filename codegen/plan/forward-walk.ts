import type { Side } from '../../dsl/expression/nodes.js';
import type { TargetKernels } from '../targets/target.js';
import { channelBindings, extent, mergeBindings, tallyBindings, termBindings } from './bindings.js';
import { unset } from './buffers.js';
import { clearTerms } from './lower-fused.js';
import type { Needs, SideNeeds } from './needs.js';
import type { Step, TilePiece } from './plan.js';
import type { Problem } from './problem.js';
import { bits, fill, loop, packsOf, type Launcher } from './steps.js';

/** The forward walk in its parts, which ranks of a ring take one at a time. */
export interface ForwardWalk {
  /** Empties what is summed of rows and of all pairs. */
  readonly begin: readonly Step[];
  /** Empties what is summed of the columns at hand. */
  readonly clear: readonly Step[];
  /** Sums over the rows and columns at hand. */
  readonly tile: readonly Step[];
  /** The same where these are one chunk. */
  readonly piece: TilePiece;
  /** How many rows (columns) a mean is over, where the tiles decide it. */
  readonly tally: readonly Step[];
  /** What the sums make of the loss, and what its gradients need of them. */
  readonly terms: readonly Step[];
}

export function forwardWalk({ loss, ring }: Problem, needs: Needs, kernels: TargetKernels, launch: Launcher): ForwardWalk {
  const { packs, rowPartials, colPartials, scalarPartials, fused } = kernels;
  const sides = (['row', 'col'] as const).flatMap((side) => {
    const own = needs[side];
    return own === undefined ? [] : [{ side, own, partials: side === 'row' ? rowPartials : colPartials }];
  });
  const softmaxes = sides.filter(({ own }) => own.term !== undefined);
  const channels = sides.filter(({ own }) => own.channels.length > 0);
  const packedCols = packsOf(packs, 'cols', 'stats', launch);
  const stats = [...packsOf(packs, 'rows', 'stats', launch), ...(needs.guide ? [launch('guide')] : []), launch('stats')];
  const scalars = loss.pairs === undefined ? [] : [launch('reduceScalars', { tiles: extent(scalarPartials.stats) })];
  const mergesOf = (only: readonly Side[]): readonly Step[] => [
    ...softmaxes.filter(({ side }) => only.includes(side)).map(({ side, partials }) => launch('merge', mergeBindings(side, partials))),
    ...channels.filter(({ side }) => only.includes(side)).map(({ side, own, partials }) => launch('mergeChannels', channelBindings(side, own, partials))),
  ];
  return {
    begin: [
      bits('scalars', 0),
      ...emptied('row', needs.row),
      ...(fused === undefined ? [] : clearTerms(fused.dots)),
      ...(needs.softmax ? [bits('flags', unset)] : []),
    ],
    clear: emptied('col', needs.col),
    tile: [loop('cols', [...packedCols, loop('rows', [...stats, ...mergesOf(['row', 'col']), ...scalars])])],
    piece: { make: [...packedCols, ...stats, ...mergesOf(['row']), ...scalars], add: mergesOf(['col']) },
    tally: softmaxes.filter(({ own }) => own.counted).map(({ side, own }) => launch('tally', tallyBindings(side, own))),
    terms: softmaxes.map(({ side }) => launch(`${side}Terms`, termBindings(side, needs, ring))),
  };
}

function emptied(side: 'row' | 'col', own: SideNeeds | undefined): readonly Step[] {
  if (own === undefined) return [];
  return [
    ...(own.term === undefined ? [] : [fill(`${side}Max`, -Infinity), fill(`${side}Sum`, 0)]),
    ...(own.channels.length === 0 ? [] : [bits(`${side}Extra`, 0)]),
  ];
}
