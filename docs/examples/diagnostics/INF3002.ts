import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.block({ rows: 64, cols: 64, depth: 64 }).chunk({ rows: 4096, cols: 4096 }));
