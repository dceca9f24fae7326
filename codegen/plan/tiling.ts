import type { ResolvedTiling } from './problem.js';

/** A tiling, one level a line, outermost first. */
export function printTiling({ name, chunk, block, register, instruction }: ResolvedTiling): readonly string[] {
  const gpu = block.stages > 1 || block.group > 1 ? `, stages ${block.stages}, group ${block.group}` : '';
  return [
    `tiling     ${name}`,
    `  chunk        ${chunk.rows} x ${chunk.cols}`,
    `  block        ${block.rows} x ${block.cols}, depth ${block.depth}${gpu}`,
    `  register     ${register.rows} x ${register.cols}`,
    `  instruction  ${instruction.name}`,
  ];
}
