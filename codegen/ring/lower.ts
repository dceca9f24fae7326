import { Place, turnsOf } from './place.js';
import { sumKindOf, type Buffer, type Compute, type Merge, type Pass, type Receive, type Ring, type Schedule, type Send, type Shard, type Step } from './schedule.js';

/*
 * Keys go round the ring ahead of the sums of their columns. In step t a rank passes on the keys that it computes with, and the
 * sums to which it added in step t - 1; so both travel while tiles are computed. Sums visit each rank a step after the keys did,
 * and end at home.
 *
 * With several nodes there are two rings. In a turn of a node its ranks pass keys and sums among each other as above, and at its
 * end each has the node's sums for the keys with which it began. Meanwhile it has sent those keys to its like in the next node, and
 * received what that node's predecessor summed: slow links have a whole turn for one shard.
 */

/** All steps of all ranks. Of a large ring, ask {@link stepOf} for one at a time: there are ranks^2. */
export function lower(ring: Ring, pass: Pass): Schedule {
  const count = stepCount(ring);
  const steps = Array.from({ length: ring.ranks }, (_, rank) => Array.from({ length: count }, (_, step) => stepOf(ring, pass, rank, step)));
  return { ring, pass, steps };
}

/** A step for each tile, then one for the sums' way home, and with several nodes another from node to node. */
export function stepCount(ring: Ring): number {
  if (ring.ranks === 1) return 1;
  return ring.ranks + (turnsOf(ring) === 1 ? 1 : 2);
}

/** One step of one rank. */
export function stepOf(ring: Ring, pass: Pass, rank: number, step: number): Step {
  const place = new Place(ring, rank);
  const moves: Moves = { sends: [], receives: [], merges: [] };
  moveKeys(place, step, moves);
  moveSums(place, pass, step, moves);
  if (place.turns > 1) moveTurnSums(place, pass, step, moves);
  return step < ring.ranks ? { ...moves, compute: computeOf(place, step, moves) } : moves;
}

interface Moves {
  readonly sends: Send[];
  readonly receives: Receive[];
  readonly merges: Merge[];
}

function moveKeys(place: Place, step: number, { sends, receives }: Moves): void {
  if (step >= place.ring.ranks) return;
  const { turn, within } = place.at(step);
  const content = { kind: 'keys', shard: place.shardAt(step) } as const;
  const from = keysAt(place, step);
  if (within < place.size - 1) {
    sends.push({ content, from, to: place.next.rank });
    receives.push({ content: { kind: 'keys', shard: place.previous.shardAt(step) }, from: place.previous.rank, into: keysAt(place, step + 1) });
  }
  if (within === 0 && turn < place.turns - 1) {
    sends.push({ content, from, to: place.nextNode.rank });
    receives.push({ content: { kind: 'keys', shard: place.previousNode.shardAt(step) }, from: place.previousNode.rank, into: keysAt(place, step + place.size) });
  }
}

/** Sums move on from where they grew in the step before. At the end of a turn they have been at all of its ranks. */
function moveSums(place: Place, pass: Pass, step: number, { sends, receives, merges }: Moves): void {
  if (step === 0 || step > place.ring.ranks || place.ring.ranks === 1) return;
  const kind = sumKindOf(pass);
  sends.push({ content: { kind, shard: place.shardAt(step - 1) }, from: sumsAt(place, step - 1), to: place.next.rank });
  const shard = place.previous.shardAt(step - 1);
  const { turn, within } = place.at(step);
  const into = within > 0 ? sumsAt(place, step) : turnSumInto(place, turn - 1);
  receives.push({ content: { kind, shard }, from: place.previous.rank, into });
  if (within > 0) merges.push({ shard, from: 'partial', into });
  if (into === 'nodeSum') merges.push({ shard, from: into, into: turnSumsAt(turn - 1) });
}

/** The step after a turn's sums were merged, they go to the next node: those of the last turn are complete, and that node is home. */
function moveTurnSums(place: Place, pass: Pass, step: number, { sends, receives }: Moves): void {
  const { turn, within } = place.at(step);
  if (within !== 1 || turn === 0) return;
  const kind = sumKindOf(pass);
  const begin = (turn - 1) * place.size;
  sends.push({ content: { kind, shard: place.shardAt(begin) }, from: turnSumsAt(turn - 1), to: place.nextNode.rank });
  const into = turn === place.turns ? 'result' : turnSumsAt(turn);
  receives.push({ content: { kind, shard: place.previousNode.shardAt(begin) }, from: place.previousNode.rank, into });
}

function computeOf(place: Place, step: number, { merges }: Moves): Compute {
  const { rows, cols, ranks } = place.ring;
  const adds = merges.some(({ from }) => from === 'partial');
  const into = adds ? 'partial' : ranks === 1 ? 'result' : sumsAt(place, step);
  return { rows: shardOf(rows, place.rank), cols: shardOf(cols, place.shardAt(step)), keys: keysAt(place, step), into };
}

/** Where the keys of a step are. */
function keysAt(place: Place, step: number): Buffer {
  if (step === 0) return 'own';
  const { turn, within } = place.at(step);
  if (within === 0) return `turnKeys[${(turn - 1) % 2}]`;
  const received = turn * (place.size - 1) + within - 1;
  return `keys[${received % place.ring.inFlight}]`;
}

function sumsAt({ ring }: Place, step: number): Buffer {
  return `sums[${step % ring.inFlight}]`;
}

function turnSumsAt(turn: number): Buffer {
  return `turnSums[${turn % 2}]`;
}

/** Where a turn's sums come together: the first turn's begin what goes from node to node. */
function turnSumInto({ turns }: Place, turn: number): Buffer {
  if (turns === 1) return 'result';
  return turn === 0 ? turnSumsAt(0) : 'nodeSum';
}

function shardOf(shards: readonly Shard[], rank: number): Shard {
  const shard = shards[rank];
  if (shard === undefined) throw new RangeError(`rank ${rank} of ${shards.length}`);
  return shard;
}
