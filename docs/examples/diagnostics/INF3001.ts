import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.chunk({ rows: 4096, cols: 4096 }).chunk({ rows: 2048, cols: 2048 }));
