import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      .chunk({ rows: 4096, cols: 4096 })
      .block({ rows: 128, cols: 128, depth: 64 })
      .block({ rows: 64, cols: 64, depth: 64 }),
  );
