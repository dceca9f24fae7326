import { oneOf, tiling } from '../../runtime/index.js';

/** Two programs, two chunks each: a space that a search is soon through with, on every CPU target. */
export const tiny = tiling('tiny', (t) =>
  t
    .chunk({ rows: oneOf(96, 192), cols: 192, workers: 1 })
    .block({ rows: 48, cols: oneOf(96, 192), depth: 64 })
    .register({ rows: 6, cols: 16 }),
);

/** Registers for which no target is large enough. */
export const impossible = tiling('impossible', (t) => t.register({ rows: oneOf(100, 200), cols: 64 }));
