import type { Communicator, ShownRank } from './communicator.js';
import type { Place } from './place.js';

/** What ranks tell each other beside the messages of their devices: little, and seldom. Each communicator is one. */
export type ControlPlane = Omit<Communicator, 'transport' | 'attach' | 'show' | 'gpu'>;

/** What a rank knows of itself and its group. */
export abstract class Member {
  readonly rank: number;
  readonly ranks: number;
  readonly localRank: number;
  readonly localRanks: number;
  readonly nodes: number;
  readonly description: string;

  protected constructor({ rank, ranks, localRank, localRanks }: Place, nodes: number, description: string) {
    this.rank = rank;
    this.ranks = ranks;
    this.localRank = localRank;
    this.localRanks = localRanks;
    this.nodes = nodes;
    this.description = description;
  }

  /** Ranks are processes of their own, unless a communicator knows better: one sees itself. */
  show(own: ShownRank): Promise<readonly ShownRank[]> {
    return Promise.resolve(this.ranks === 1 ? [own] : []);
  }
}
