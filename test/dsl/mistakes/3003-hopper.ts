import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      // @ts-expect-error a panel stays, or a part of it, or streams
      .block({ rows: 128, cols: 128, depth: 64, cluster: 1.5, panel: 'shared' }),
  );
