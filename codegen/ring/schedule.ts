/** The ring between ranks as data: what each rank computes, sends, receives and merges, step by step. */
export interface Schedule {
  readonly ring: Ring;
  readonly pass: Pass;
  /** By rank, then by step. All ranks take as many steps. */
  readonly steps: readonly (readonly Step[])[];
}

/** In both passes keys travel and queries stay: forward with the statistics of their columns, backward with their gradient. */
export type Pass = 'forward' | 'backward';

export const passes: readonly Pass[] = ['forward', 'backward'];

/** Who holds what, before anything moves. Ranks are numbered node by node, equally many on each. */
export interface Ring {
  readonly ranks: number;
  readonly nodes: number;
  /** Shards of keys that a rank has room for beside its own: one that is used and passed on, the others arriving. At least 2. */
  readonly inFlight: number;
  /** The queries of each rank. */
  readonly rows: readonly Shard[];
  /** The keys of each rank. */
  readonly cols: readonly Shard[];
}

/** The rows (or columns) [first, first + count) of the whole matrix, which are at home on a rank. */
export interface Shard {
  readonly rank: number;
  readonly first: number;
  readonly count: number;
}

/**
 * What a rank does in one step. Its messages are posted first, so that they travel while it computes; each waits for nothing but
 * its own buffers and for earlier messages of its link. Then it computes, then it merges.
 */
export interface Step {
  readonly sends: readonly Send[];
  readonly receives: readonly Receive[];
  readonly compute?: Compute;
  readonly merges: readonly Merge[];
}

export interface Send {
  readonly content: Content;
  readonly from: Buffer;
  /** A rank. */
  readonly to: number;
}

export interface Receive {
  readonly content: Content;
  /** A rank. */
  readonly from: number;
  readonly into: Buffer;
}

/** One tile of the matrix: the rank's own rows, and the columns whose keys are at hand. */
export interface Compute {
  readonly rows: Shard;
  readonly cols: Shard;
  readonly keys: Buffer;
  /** What the tile adds to its columns. */
  readonly into: Buffer;
}

/** Adds what other rows gave to the columns of a shard. */
export interface Merge {
  /** The rank whose keys these columns are. */
  readonly shard: number;
  readonly from: Buffer;
  readonly into: Buffer;
}

export interface Content {
  readonly kind: ContentKind;
  /** The rank whose keys they are, or belong to. */
  readonly shard: number;
}

export type ContentKind = 'keys' | SumKind;

/** What is summed over the rows, and comes home complete. */
export type SumKind = 'statistics' | 'dKeys';

/**
 * Memory of a rank for one shard, whichever it is:
 *
 * | buffer       | what is in it                                                                  |
 * | ------------ | ------------------------------------------------------------------------------ |
 * | own          | its own keys, an input                                                         |
 * | result       | the complete sums of its own keys, an output                                   |
 * | keys[i]      | keys of others, i < inFlight                                                   |
 * | sums[i]      | sums on their way from rank to rank, i < inFlight                              |
 * | partial      | what the tile at hand adds                                                     |
 * | turnKeys[i]  | with several nodes: keys of another node, i < 2                                |
 * | turnSums[i]  | with several nodes: sums on their way from node to node, i < 2                 |
 * | nodeSum      | with several nodes: the sums of one node, before they join those of the others |
 */
export type Buffer = 'own' | 'result' | 'partial' | 'nodeSum' | `${'keys' | 'sums' | 'turnKeys' | 'turnSums'}[${number}]`;

export function sumKindOf(pass: Pass): SumKind {
  return pass === 'forward' ? 'statistics' : 'dKeys';
}

/** Whether a message stays inside a node. */
export type Link = 'intra' | 'inter';

export function linkOf({ ranks, nodes }: Ring, a: number, b: number): Link {
  const perNode = ranks / nodes;
  return Math.floor(a / perNode) === Math.floor(b / perNode) ? 'intra' : 'inter';
}
