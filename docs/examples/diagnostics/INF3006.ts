import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.chunk({ rows: 4096 }));
