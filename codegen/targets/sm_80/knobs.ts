import type { Tiling } from '../../../dsl/tiling.js';
import type { RunShape } from '../../plan/bind.js';
import { leftOut, upTo } from '../left-out.js';
import type { Knob, Problem } from '../target.js';

/** Tiles are powers of two; a warp has a part of the block's. */
export function knobs(_: Problem, tiling: Tiling, { n, m }: RunShape): readonly Knob[] {
  return [
    ...leftOut(tiling, 'chunk', { rows: upTo(n, chunkSides), cols: upTo(m, chunkSides) }),
    ...leftOut(tiling, 'block', { rows: [64, 128, 256], cols: [64, 128, 256], depth: [32, 64], stages: [2, 3, 4, 5, 6], group: [1, 4, 8, 16, 32] }),
    ...leftOut(tiling, 'register', { rows: [32, 64, 128], cols: [32, 64, 128] }),
  ];
}

const chunkSides = [2048, 4096, 8192, 16_384, 32_768];
