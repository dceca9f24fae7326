/** What the kernels may use: the least of every GPU that runs code for compute capability 8.0. */
export const limits = {
  registersPerThread: 255,
  registersPerBlock: 65536,
  threadsPerBlock: 1024,
  /** Shared memory a block may ask for on an A100: the most that a tiling can be given. */
  sharedBytes: 163 * 1024,
} as const;

/**
 * Shared memory that a block may ask for, by compute capability. Defaults keep within the least, so that they run on each
 * of these; a tiling that takes more names the machine it is for.
 */
export const sharedBytesByCapability: Readonly<Record<string, number>> = {
  '8.0': limits.sharedBytes,
  '8.6': 99 * 1024,
  '8.7': limits.sharedBytes,
  '8.9': 99 * 1024,
  '9.0': 227 * 1024,
  '10.0': 227 * 1024,
  '12.0': 99 * 1024,
};

/** The one instruction: D = A B + C on 16 x 8 sums, 16 deep, 16-bit operands, fp32 sums. */
export const instruction = { name: 'mma.m16n8k16', rows: 16, cols: 8, depth: 16 } as const;

/** Columns of which a thread holds 8 neighbours: a warp's part is whole groups of them. */
export const columnGroup = 32;
