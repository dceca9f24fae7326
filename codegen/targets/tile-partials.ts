import type { BlockLevel } from '../../dsl/tiling.js';
import { ceilDiv, times } from '../plan/extent.js';
import type { TargetKernels } from './target.js';

/** Partial sums where every tile leaves its own: of a row one for each tile along the columns, and the other way round. */
export function tilePartials({ rows, cols }: Pick<BlockLevel, 'rows' | 'cols'>): Pick<TargetKernels, 'rowPartials' | 'colPartials' | 'scalarPartials'> {
  const [rowTiles, colTiles] = [ceilDiv('rows', rows), ceilDiv('cols', cols)];
  const tiles = times(rowTiles, colTiles);
  return {
    rowPartials: { parts: colTiles, pitch: 'chunkRows', count: times(colTiles, 'chunkRows') },
    colPartials: { parts: rowTiles, pitch: 'chunkCols', count: times(rowTiles, 'chunkCols') },
    scalarPartials: { stats: tiles, gradient: tiles, most: tiles },
  };
}
