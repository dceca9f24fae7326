import { tiling } from '../../runtime/index.js';

/** Two chunks of columns for the matrices of bench.test.ts. */
export const halves = tiling('halves', (t) => t.chunk({ rows: 512, cols: 192 }));
