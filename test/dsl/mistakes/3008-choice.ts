import { oneOf, range, tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('open', (t) =>
    t
      .chunk({ rows: range(8192, 1024, { times: 2 }), cols: oneOf(4096, 4096) })
      .block({ rows: oneOf(), cols: range(128, 256, { by: 0 }), depth: 64 }));
