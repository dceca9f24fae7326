import { oneOf, range, tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.chunk({ rows: range(8192, 1024, { times: 2 }), cols: oneOf(4096, 8192) }));
