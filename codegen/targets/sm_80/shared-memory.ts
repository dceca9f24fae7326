import type { ResolvedBlock } from '../../plan/problem.js';
import type { BlockLevel, RegisterLevel } from '../../../dsl/tiling.js';
import { pairFields } from '../../emit/places.js';
import { needsOf, readsGuide, type Needs } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import { ringBytes, threadsOf } from './geometry.js';
import { columnGroup } from './limits.js';

interface Tile {
  readonly block: ResolvedBlock;
  readonly register: RegisterLevel;
}

/** Shared memory of the stats kernel: the ring, and in its place, once it is free, what the epilogue keeps there. */
export function statsBytes(problem: Problem, tile: Tile): number {
  return Math.max(ringBytes(tile.block), epilogueBytes(problem, tile, 'stats'));
}

/** Of the gradient kernel: the scales and maxima lie beside the ring, since they arrive while it is in use. */
export function gradientBytes(problem: Problem, tile: Tile): number {
  return Math.max(ringBytes(tile.block), epilogueBytes(problem, tile, 'gradient')) + sideBytes(problem, tile.block);
}

/** Scales and maxima that the gradient kernel keeps beside the ring. */
export function sideBytes({ loss, softmax }: Problem, { rows, cols }: Pick<BlockLevel, 'rows' | 'cols'>): number {
  const length = (loss.rows === undefined ? 0 : rows) + (loss.cols === undefined ? 0 : cols);
  return 4 * length * (softmax === 'running' ? 2 : 1);
}

/** The templates' `Shared`: staged sums, what pairs read of rows and columns, and the warps' sums. */
function epilogueBytes(problem: Problem, tile: Tile, kernel: 'stats' | 'gradient'): number {
  const needs = needsOf(problem.loss, problem.reports);
  const { block, register } = tile;
  const stage = 4 * block.rows * columnGroup * (block.cols / register.cols);
  const warps = threadsOf(block, register) / 32;
  const sums = kernel === 'stats' ? partialBytes(problem, needs, tile) : 4 * warps * (1 + problem.loss.params.length);
  return roundUp(stage + roundUp(placeBytes(problem, needs, block, kernel)) + roundUp(sums));
}

/** The templates' `Places`. */
function placeBytes({ loss }: Problem, needs: Needs, { rows, cols }: BlockLevel, kernel: 'stats' | 'gradient'): number {
  const pulls = (side: 'row' | 'col'): number => {
    const own = needs[side];
    return kernel === 'stats' || own?.term === undefined ? 0 : Number(own.readsPositive) + Number(own.readsMean);
  };
  const singles = Number(needs.positives) + Number(needs.relation === 'mapped') + Number(readsGuide(needs.ofPositive));
  const ofRow = singles + pairFields(loss, needs, 'row').length + pulls('row');
  const ofCol = pairFields(loss, needs, 'col').length + pulls('col');
  return 4 * (ofRow * rows + ofCol * cols);
}

/** The templates' `Partials`. */
function partialBytes({ loss, softmax }: Problem, needs: Needs, { block, register }: Tile): number {
  const arrays = (side: 'row' | 'col'): number => {
    const own = needs[side];
    return (own?.term === undefined ? 0 : softmax === 'running' ? 2 : 1) + (own?.channels.length ?? 0);
  };
  const [alongRows, alongCols] = [block.rows / register.rows, block.cols / register.cols];
  const pairs = loss.pairs === undefined ? 0 : alongRows * alongCols;
  return 4 * (arrays('row') * alongCols * block.rows + arrays('col') * alongRows * block.cols + pairs);
}

/** To whole lines: the compiler aligns what lies there, and nothing is smaller than a byte. */
function roundUp(bytes: number): number {
  return Math.ceil((bytes + 1) / lineBytes) * lineBytes;
}

const lineBytes = 128;
