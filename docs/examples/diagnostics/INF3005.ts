import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.chunk({ rows: 128, cols: 4096 }).block({ rows: 256, cols: 64, depth: 64 }));
