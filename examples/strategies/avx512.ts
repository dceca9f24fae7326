import { tiling } from 'infinitile';

/**
 * Every level for a CPU with AVX-512 (targets x86-64-v4 and x86-64-v4-bf16), whose cores have 1 MiB of L2 each.
 *
 *     npx infinitile bench --n 8192 --tiling examples/strategies/avx512.ts
 */
export const avx512 = tiling('avx512', (t) =>
  t
    // Main memory: G of a chunk takes 2048 x 4096 fp32 numbers, 32 MiB, and the packed operands some more.
    .chunk({ rows: 2048, cols: 4096 })
    // A thread's tile: at D = 512 its 96 queries take 192 KiB of L2, and panels of keys pass through the rest. Dot products are
    // summed 256 numbers at a time.
    .block({ rows: 96, cols: 1024, depth: 256 })
    // 12 x 32 sums are 24 of the 32 vector registers; a row of keys takes two more, a query's number one.
    .register({ rows: 12, cols: 32 })
    .instruction('avx512.fma'),
);
