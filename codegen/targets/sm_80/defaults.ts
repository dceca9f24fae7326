import type { ResolvedBlock } from '../../plan/problem.js';
import type { BlockLevel, ChunkLevel, RegisterLevel, Tiling } from '../../../dsl/tiling.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { chunkBytes } from './geometry.js';
import { instruction } from './limits.js';

/** Bytes of workspace a run takes unless told otherwise. */
export const defaultWorkspace = 256 * 1024 * 1024;

const defaultBlock: ResolvedBlock = { rows: 128, cols: 256, depth: 32, stages: 4, group: 16 };

/** A warp's part: 64 x 64 sums reuse each operand as often as the registers allow. */
const defaultRegister: RegisterLevel = { rows: 64, cols: 64 };

/** Enough rows for every multiprocessor to have a tile of dQ, at a depth of 512. */
const defaultChunk: ChunkLevel = { rows: 8192, cols: 8192 };

/** Sets what a tiling leaves open. What is there stays as it is, legal or not. */
export function fillIn(problem: Problem, tiling: Tiling): ResolvedTiling {
  const block = { ...defaultBlock, ...tiling.block };
  return {
    name: tiling.name,
    chunk: tiling.chunk ?? chunkFor(problem, block),
    block,
    register: tiling.register ?? { rows: Math.min(defaultRegister.rows, block.rows), cols: Math.min(defaultRegister.cols, block.cols) },
    instruction: tiling.instruction ?? { name: instruction.name },
  };
}

/** The default chunk with as many columns as the default workspace holds beside the partial sums. */
function chunkFor(problem: Problem, block: BlockLevel): ChunkLevel {
  const budget = defaultWorkspace * 0.94;
  let { rows, cols } = defaultChunk;
  while (chunkBytes(problem, block, { rows, cols }) > budget && cols > 2 * block.cols) cols -= block.cols;
  while (chunkBytes(problem, block, { rows, cols }) > budget && rows > 2 * block.rows) rows -= block.rows;
  return { rows: Math.max(rows, block.rows), cols: Math.max(cols, block.cols), fit: 'shrink' };
}
