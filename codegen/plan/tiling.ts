import type { PassTiling, ResolvedTiling, SimilarityTiling } from './problem.js';

/** A tiling, one level a line, outermost first; where passes have tiles of their own, a line each. */
export function printTiling({ name, chunk, block, register, instruction, passes }: ResolvedTiling): readonly string[] {
  const gpu = block.stages > 1 || block.group > 1 ? `, stages ${block.stages}, group ${block.group}` : '';
  const blocks = passes === undefined ? [`  block        ${block.rows} x ${block.cols}, depth ${block.depth}${gpu}`] : Object.entries(passes).map(([pass, tile]: [string, PassTiling | SimilarityTiling]) => `  block        ${printPass(tile, block.depth)}: ${pass}`);
  return [
    `tiling     ${name}`,
    `  chunk        ${chunk.rows} x ${chunk.cols}`,
    ...blocks,
    `  register     ${register.rows} x ${register.cols}`,
    `  instruction  ${instruction.name}`,
  ];
}

function printPass(tile: PassTiling | SimilarityTiling, depth: number): string {
  const { rows, cols, stages, cluster } = tile;
  return `${rows} x ${cols}, depth ${depth}, stages ${stages}, cluster ${cluster}${'panel' in tile ? `, panel ${tile.panel}${tile.panel === 'split' ? ` (${tile.residentSteps} k-steps stay)` : ''}, consumers ${tile.groupCols === tile.cols ? 'in turns' : 'together'}` : ''}`;
}
