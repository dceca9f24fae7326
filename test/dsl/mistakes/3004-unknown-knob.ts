import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      .chunk({ rows: 4096, cols: 4096 })
      // @ts-expect-error the knob is stages
      .block({ rows: 128, cols: 128, depth: 64, stage: 3 }),
  );
