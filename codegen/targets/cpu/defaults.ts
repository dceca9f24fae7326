import type { Precision } from '../../../dsl/problem.js';
import type { RegisterLevel, Tiling } from '../../../dsl/tiling.js';
import type { Problem, ResolvedTiling } from '../target.js';
import type { CpuMachine } from './machines.js';

/** Sets what a tiling leaves open. What is there stays as it is, legal or not. */
export function fillIn(machine: CpuMachine, { dim, precision }: Problem, tiling: Tiling): ResolvedTiling {
  const register = tiling.register ?? machine.register;
  const block = {
    rows: tiling.block?.rows ?? Math.min(defaultRows(machine, dim, register), wholeTiles(tiling.chunk?.rows ?? Infinity, register.rows)),
    cols: tiling.block?.cols ?? Math.min(wholeTiles(blockCols, register.cols), wholeTiles(tiling.chunk?.cols ?? Infinity, register.cols)),
    depth: tiling.block?.depth ?? depth,
    stages: 1,
    group: 1,
  };
  return {
    name: tiling.name,
    chunk: tiling.chunk ?? { rows: Math.max(chunkSide, block.rows), cols: Math.max(chunkSide, block.cols), fit: 'shrink' },
    block,
    register,
    instruction: tiling.instruction ?? { name: defaultInstruction(machine, precision) },
  };
}

/** Columns of a block: long enough that the sums of its rows are rarely written out. */
const blockCols = 1024;

/** Elements that are summed in one go, and rows of an operand that pass through L1 together. */
const depth = 256;

const chunkSide = 4096;

/** A block's queries fill three eighths of L2, so that panels of keys pass through the rest. */
function defaultRows({ l2Bytes }: CpuMachine, dim: number, { rows }: RegisterLevel): number {
  return Math.min(wholeTiles(192, rows), wholeTiles((l2Bytes * 3) / 8 / (dim * 4), rows));
}

/** The largest multiple of `tile` within `limit`, or one tile. */
function wholeTiles(limit: number, tile: number): number {
  return limit === Infinity ? Infinity : Math.max(1, Math.floor(limit / tile)) * tile;
}

function defaultInstruction(machine: CpuMachine, precision: Precision): string {
  const found = machine.instructions.find(({ precisions }) => precisions.includes(precision));
  if (found === undefined) throw new Error(`${machine.name} multiplies no ${precision} inputs`);
  return found.name;
}
