/** In-batch retrieval: of each row, among the logits that count, the place of its positive. */
export interface RetrievalMetrics {
  /** How many logits exceed the positive's: 0 is the first place. -1 for a row without a positive. */
  readonly ranks: Int32Array;
  /** Shares of the rows with a positive whose positive is among the first 1, 5, 10. */
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
}

export function retrievalMetrics(ranks: Int32Array | undefined): RetrievalMetrics | undefined {
  if (ranks === undefined) return undefined;
  const ranked = ranks.filter((rank) => rank >= 0);
  const recall = (places: number): number => ranked.reduce((found, rank) => found + (rank < places ? 1 : 0), 0) / Math.max(ranked.length, 1);
  return { ranks, recallAt1: recall(1), recallAt5: recall(5), recallAt10: recall(10) };
}
