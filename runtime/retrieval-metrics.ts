/** In-batch retrieval: of each row, among the logits that count, the place of its positive. */
export interface RetrievalMetrics extends Recall {
  /** How many logits exceed the positive's: 0 is the first place. -1 for a row without a positive. */
  readonly ranks: Int32Array;
}

/** Shares of the rows with a positive whose positive is among the first 1, 5, 10. */
export interface Recall {
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
}

export function retrievalMetrics(ranks: Int32Array | undefined): RetrievalMetrics | undefined {
  return ranks === undefined ? undefined : { ranks, ...recallOf([countFound(ranks)]) };
}

/** What recall is made of: rows with a positive, and those whose positive is among the first 1, 5, 10. */
export function countFound(ranks: Int32Array): Float64Array {
  const among = (places: number): number => ranks.reduce((found, rank) => found + (rank >= 0 && rank < places ? 1 : 0), 0);
  return Float64Array.of(among(Infinity), among(1), among(5), among(10));
}

/** The recall of rows that were counted in parts. */
export function recallOf(counts: readonly Float64Array[]): Recall {
  const total = (place: number): number => counts.reduce((sum, own) => sum + (own[place] ?? 0), 0);
  const share = (place: number): number => total(place) / Math.max(total(0), 1);
  return { recallAt1: share(1), recallAt5: share(2), recallAt10: share(3) };
}
