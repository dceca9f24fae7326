import type { Ring } from './schedule.js';

/** A rank's place in the two rings, and whose keys are with it when. */
export class Place {
  readonly ring: Ring;
  readonly rank: number;
  /** Ranks of the inner ring: those of a node; of nodes with one rank each, all. */
  readonly size: number;
  readonly turns: number;

  constructor(ring: Ring, rank: number) {
    this.ring = ring;
    this.rank = rank;
    this.turns = turnsOf(ring);
    this.size = ring.ranks / this.turns;
  }

  get next(): Place {
    return this.#neighbour(0, 1);
  }

  get previous(): Place {
    return this.#neighbour(0, -1);
  }

  /** The rank of the same number in the next node. */
  get nextNode(): Place {
    return this.#neighbour(1, 0);
  }

  get previousNode(): Place {
    return this.#neighbour(-1, 0);
  }

  /** The turn that a step belongs to, and its number within. */
  at(step: number): { readonly turn: number; readonly within: number } {
    return { turn: Math.floor(step / this.size), within: step % this.size };
  }

  /** The home of the keys that this rank computes with in a step. */
  shardAt(step: number): number {
    const { turn, within } = this.at(step);
    return this.#neighbour(-turn, -within).rank;
  }

  #neighbour(nodes: number, ranks: number): Place {
    const { turn: node, within } = this.at(this.rank);
    return new Place(this.ring, modulo(node + nodes, this.turns) * this.size + modulo(within + ranks, this.size));
  }
}

/** How often keys change from one inner ring to the next, counting the first: once for each node; where nodes have one rank each, there is one ring. */
export function turnsOf({ ranks, nodes }: Ring): number {
  return nodes === ranks ? 1 : nodes;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
