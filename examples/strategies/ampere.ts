import { tiling } from 'infinitile';

/**
 * Every level for an NVIDIA GPU from Ampere up (target sm_80), within the 99 KiB of shared memory that the smallest of them give a
 * block.
 *
 *     npx infinitile bench --target cuda --precision bf16 --tiling examples/strategies/ampere.ts
 *     npx infinitile inspect clip --target sm_80 --precision bf16 --tiling examples/strategies/ampere.ts   # without a GPU
 */
export const ampere = tiling('ampere', (t) =>
  t
    // Device memory: G of a chunk takes 4096 x 8192 bf16 numbers, 64 MiB.
    .chunk({ rows: 4096, cols: 8192 })
    // A thread block's tile: a stage holds 32 numbers of 128 queries and 128 keys, 16 KiB. While one is multiplied, three are under
    // way. Eight row tiles are visited before the next column tile, so that their keys are met again in L2.
    .block({ rows: 128, cols: 128, depth: 32, stages: 4, group: 8 })
    // A warp's part: 64 x 32 sums are 64 registers of each thread. Eight warps make a block.
    .register({ rows: 64, cols: 32 })
    // A tensor-core instruction: 16 x 8 sums, 16 numbers deep.
    .instruction('mma.m16n8k16'),
);
