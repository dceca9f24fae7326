/** Where a rank is. */
export interface Place {
  readonly rank: number;
  readonly ranks: number;
  /** Its number among the ranks of its node, and how many those are. */
  readonly localRank: number;
  readonly localRanks: number;
}

/** Nodes of a group, given in the order of ranks: equally many ranks on each, numbered node by node; otherwise 1. */
export function nodesOf(places: readonly Pick<Place, 'localRank' | 'localRanks'>[]): number {
  const perNode = places[0]?.localRanks ?? 1;
  const regular = places.every(({ localRank, localRanks }, rank) => localRanks === perNode && localRank === rank % perNode);
  return regular && places.length % perNode === 0 ? places.length / perNode : 1;
}

/** `8 ranks on 2 nodes`. */
export function printGroup(ranks: number, nodes: number): string {
  const counted = `${ranks} ${ranks === 1 ? 'rank' : 'ranks'}`;
  return nodes === 1 ? counted : `${counted} on ${nodes} nodes`;
}
