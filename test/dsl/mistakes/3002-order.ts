import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      .block({ rows: 128, cols: 128, depth: 64 })
      .chunk({ rows: 4096, cols: 4096 }),
  );
