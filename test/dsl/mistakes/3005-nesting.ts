import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      .chunk({ rows: 4096, cols: 64 })
      .block({ rows: 128, cols: 128, depth: 64 })
      .register({ rows: 256, cols: 64 }),
  );
