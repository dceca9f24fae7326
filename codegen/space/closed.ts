import type { PassLevel, Tiling } from '../../dsl/tiling.js';
import type { Passes, PassTiling, ResolvedTiling, SimilarityTiling } from '../plan/problem.js';

/** A resolved tiling as one that leaves nothing open: it resolves to the same again. */
export function closed({ name, chunk, block, register, instruction, passes }: ResolvedTiling, ring?: Tiling['ring']): Tiling {
  return { kind: 'tiling', name, ...(ring === undefined ? {} : { ring }), chunk, block, ...(passes === undefined ? {} : { passes: closedPasses(passes) }), register, instruction };
}

function closedPasses({ stats, gradient, guide, accumulate }: Passes): NonNullable<Tiling['passes']> {
  return { stats: ofLogits(stats), gradient: ofLogits(gradient), ...(guide === undefined ? {} : { guide: ofLogits(guide) }), accumulate: ofPass(accumulate) };
}

function ofLogits(tile: SimilarityTiling): PassLevel {
  return { ...ofPass(tile), panel: tile.panel, consumers: tile.groupCols < tile.cols ? 'together' : 'turns' };
}

function ofPass({ rows, cols, stages, cluster }: PassTiling): PassLevel {
  return { rows, cols, stages, cluster };
}
