import type { PassTiling, ResolvedTiling, SimilarityTiling } from './problem.js';

/** A tiling, one level a line, outermost first; where passes have tiles of their own, a line each. */
export function printTiling(tiling: ResolvedTiling): readonly string[] {
  const { name, chunk, block, passes } = tiling;
  const { workers, backward } = chunk;
  const blocks = passes === undefined ? [printBlock(tiling)] : Object.entries(passes).map(([pass, tile]: [string, PassTiling | SimilarityTiling]) => `${printPass(tile, block.depth)}: ${pass}`);
  return [
    `tiling     ${name}`,
    `  chunk        ${chunk.rows} x ${chunk.cols}${workers === undefined ? '' : `, workers ${workers}`}${backward === undefined ? '' : `, backward ${backward}`}`,
    ...blocks.map((printed) => `  block        ${printed}`),
    `  register     ${tiling.register.rows} x ${tiling.register.cols}`,
    `  instruction  ${tiling.instruction.name}`,
  ];
}

/** What sources depend on, where all passes have one tile. */
export function printTile({ block, register, instruction }: ResolvedTiling): readonly string[] {
  return [`block ${printBlock({ block })}`, `register ${register.rows} x ${register.cols}`, `instruction ${instruction.name}`];
}

/** What a pass's source depends on, where it has a tile of its own. */
export function printPassTile(tile: PassTiling | SimilarityTiling, depth: number): readonly string[] {
  return [`block ${printPass(tile, depth)}`];
}

function printBlock({ block: { rows, cols, depth, stages, group } }: Pick<ResolvedTiling, 'block'>): string {
  return `${rows} x ${cols}, depth ${depth}${stages > 1 || group > 1 ? `, stages ${stages}, group ${group}` : ''}`;
}

function printPass(tile: PassTiling | SimilarityTiling, depth: number): string {
  const { rows, cols, stages, cluster } = tile;
  return `${rows} x ${cols}, depth ${depth}, stages ${stages}, cluster ${cluster}${'panel' in tile ? `, panel ${tile.panel}${tile.panel === 'split' ? ` (${tile.residentSteps} k-steps stay)` : ''}, consumers ${tile.groupCols === tile.cols ? 'in turns' : 'together'}` : ''}`;
}
