/** What the kernels may use on compute capability 9.0. */
export const limits = {
  /** Of a thread of a consumer, and of the producer: how setmaxnreg shares them. Copies to a whole cluster take more. */
  registers: { alone: { consumer: 240, producer: 24 }, clustered: { consumer: 232, producer: 40 } },
  /** Registers of a consumer that are not sums, at the least: addresses, the loss, what is in flight. As compilers showed. */
  registersBesideSums: 60,
  /** Of keys that stream through all blocks, the most that lie in the L2 cache (50 MiB, in halves that keep copies) beside queries of many places. As measured. */
  streamedBytes: 16 * 1024 * 1024,
  /** Dynamic shared memory that a block may ask for. */
  sharedBytes: 227 * 1024,
} as const;

/** Multiprocessors of an H100 or H200 (SXM): what default chunks share evenly. Any number runs. */
export const usualMultiprocessors = 132;

/** A warp group: four warps that multiply together. */
export const groupThreads = 128;

/** Warp groups that multiply; one more copies. */
export const consumers = 2;

/** Rows of a tile of the products that accumulate: a consumer has those of one instruction. */
export const accumulateRows = 64 * consumers;

/** Warps that multiply. */
export const consumerWarps = (consumers * groupThreads) / 32;

/** Rows of one product of a warp group, and its depth. Its columns are the tile's. */
export const instruction = { rows: 64, depth: 16, colGranule: 8, mostCols: 256 } as const;

/** Elements of a row of shared memory: 128 bytes, which the swizzle works on. A k-step is as deep. */
export const swizzleElements = 64;

/** Columns that a thread works on together: a tile has whole groups of them. */
export const columnGroup = 32;

/** Columns whose products are summed in one go, of fp32 inputs: sums along a chunk are truncated by the tensor cores, those of chunks are rounded. */
export const exactCols = 16_384;

/** A barrier in shared memory. */
export const barrierBytes = 8;
