import type { KnobValue } from '../../../dsl/choice.js';
import type { BlockLevel, Tiling } from '../../../dsl/tiling.js';
import { cpuMachines } from '../../../codegen/targets/cpu/machines.js';
import type { Subject } from '../result.js';

/** A level of the plan with a tile of its own, as it is drawn. */
export interface DrawnLevel {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  /** The memory that the tile lives in. */
  readonly memory: string;
  /** What the level says besides, such as `depth 64`. */
  readonly notes: readonly string[];
}

/** The matrix and the levels of a tiling that split it, outermost first. None is larger than the one it lies in. */
export function levelsOf({ target, n, m, dim }: Subject, { ring, chunk, block, passes, register, instruction }: Tiling): readonly DrawnLevel[] {
  const cpu = cpuMachines.find(({ name }) => name === target);
  const memory = cpu === undefined ? gpuMemory : cpuMemory;
  const fragment = instruction === undefined ? undefined : fragmentOf(instruction.name, cpu?.lanes);
  const tiles = [
    { name: ring === undefined ? 'matrix' : 'ring', memory: memory.matrix, tile: { rows: n, cols: m }, rest: { depth: dim, ...ring } },
    { name: 'chunk', memory: memory.chunk, tile: chunk, rest: chunk },
    { name: 'block', memory: memory.block, tile: tileOf(block, passes), rest: passes === undefined ? block : { depth: block?.depth }, passes },
    { name: 'register', memory: memory.register, tile: register, rest: register },
    { name: 'instruction', memory: memory.instruction, tile: fragment, rest: instruction },
  ];
  const levels: DrawnLevel[] = [];
  for (const { name, memory, tile, rest, passes: own = {} } of tiles) {
    if (tile === undefined) continue;
    const outer = levels.at(-1) ?? tile;
    const blocks = Object.entries(own).map(([pass, { rows, cols }]) => `${pass} ${rows ?? tile.rows} × ${cols ?? tile.cols}`);
    levels.push({ name, rows: Math.min(tile.rows, outer.rows), cols: Math.min(tile.cols, outer.cols), memory, notes: [...notesOf(rest), ...blocks] });
  }
  return levels;
}

/** Where each level's tile lives; of the matrix, what there is in its place. */
const cpuMemory = {
  matrix: 'never stored: Q and K are',
  chunk: 'main memory: the workspace',
  block: 'the L2 cache of a thread’s core',
  register: 'SIMD registers, over panels in L1',
  instruction: 'a SIMD unit',
};

const gpuMemory: typeof cpuMemory = {
  matrix: 'never stored: Q and K are',
  chunk: 'device memory: the workspace',
  block: 'shared memory of a thread block',
  register: 'registers of a warp or warp group',
  instruction: 'a tensor core',
};

/** Of a block: where passes have blocks of their own, that of the pass that makes G. */
function tileOf(block: BlockLevel | undefined, passes: Tiling['passes']): { readonly rows: number; readonly cols: number } | undefined {
  const own = passes?.gradient ?? passes?.stats;
  const [rows, cols] = [own?.rows ?? block?.rows, own?.cols ?? block?.cols];
  return rows === undefined || cols === undefined ? undefined : { rows, cols };
}

function notesOf(level: object | undefined): readonly string[] {
  return Object.entries(level ?? {}).flatMap(([knob, value]: [string, unknown]) => {
    if (knob === 'rows' || knob === 'cols' || !isKnobValue(value)) return [];
    return [knob === 'name' ? value.toString() : `${knob} ${value}`];
  });
}

function isKnobValue(value: unknown): value is KnobValue {
  return typeof value === 'number' || typeof value === 'string';
}

/** What one instruction makes: a tensor core's m x n, or a vector of sums of one row. */
function fragmentOf(instruction: string, lanes: number | undefined): { readonly rows: number; readonly cols: number } | undefined {
  const [, m, n] = /\.m(\d+)n(\d+)k\d+$/.exec(instruction) ?? [];
  if (m !== undefined && n !== undefined) return { rows: Number(m), cols: Number(n) };
  return lanes === undefined ? undefined : { rows: 1, cols: lanes };
}
