/** Elements of a 16-byte chunk, which is what one copy moves. */
export const chunkElements = 8;

/** Threads of a kernel over vectors, and entries of their partial results. */
export const vectorThreads = 256;

/** Rows of the guide's inner products start on multiples of this many, so that 8 neighbours are read as two vectors. */
export const guideGranule = 64;
