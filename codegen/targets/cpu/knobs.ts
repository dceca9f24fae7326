import type { Tiling } from '../../../dsl/tiling.js';
import type { RunShape } from '../../plan/bind.js';
import { leftOut, upTo } from '../left-out.js';
import type { Knob, Problem } from '../target.js';
import type { CpuMachine } from './machines.js';

/** Register tiles whose heights divide the blocks' heights, and whose widths are whole vectors; a chunk up to what caches cannot hold by far. */
export function knobs({ lanes, instructions }: CpuMachine, { precision }: Problem, tiling: Tiling, { n, m, workers }: RunShape): readonly Knob[] {
  return [
    ...leftOut(tiling, 'chunk', { rows: upTo(n, chunkSides), cols: upTo(m, chunkSides), workers: workers > 1 ? [Math.ceil(workers / 2), workers] : [] }),
    ...leftOut(tiling, 'block', { rows: upTo(n, [48, 96, 192, 384, 768]), cols: upTo(m, [384, 768, 1536, 3072]), depth: [128, 256, 512] }),
    ...leftOut(tiling, 'register', { rows: [4, 6, 8, 12, 24], cols: [1, 2, 3, 4].map((vectors) => vectors * lanes) }),
    ...leftOut(tiling, 'instruction', { name: instructions.filter(({ precisions }) => precisions.includes(precision)).map(({ name }) => name) }),
  ];
}

const chunkSides = [1024, 2048, 4096, 8192, 16_384];
