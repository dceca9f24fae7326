import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.block({ rows: 64, cols: 64, depth: 64, stage: 3 }));
