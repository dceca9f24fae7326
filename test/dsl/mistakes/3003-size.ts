import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      .chunk({ rows: 4096.5, cols: -1 })
      .block({ rows: 128, cols: 0, depth: 64 }),
  );
