import { oneOf, tiling } from 'infinitile';

// For sm_90a: its products have 64 rows.
export const mine = tiling('mine', (t) => t.block({ rows: oneOf(96, 100), cols: 128, depth: 64 }));
