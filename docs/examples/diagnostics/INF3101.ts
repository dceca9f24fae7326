import { tiling } from 'infinitile';

// For sm_80: more shared memory than a thread block has.
export const mine = tiling('mine', (t) => t.block({ rows: 256, cols: 256, depth: 64, stages: 8 }));
