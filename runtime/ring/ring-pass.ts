import { walkWithin, type BoundPlan } from '../../codegen/plan/bind.js';
import type { Shape } from '../../codegen/plan/extent.js';
import type { RingWalk, Step as PlanStep } from '../../codegen/plan/plan.js';
import { tileSum } from '../../codegen/plan/ring-buffers.js';
import { stepCount, stepOf } from '../../codegen/ring/lower.js';
import { turnsOf } from '../../codegen/ring/place.js';
import { linkOf, type Buffer as Slot, type Compute, type Content, type Link, type Merge, type Pass, type Ring, type Step } from '../../codegen/ring/schedule.js';
import type { NativeBuffer, NativeCommand, NativeMessage } from '../addon.js';
import { nativeCommand, type Environment } from '../execute.js';
import type { Segment } from './rank-shape.js';
import { bytesOf, type RingBuffers } from './ring-buffers.js';
import type { RingGroup } from './ring-group.js';

/** What a pass round the ring is made of. */
export interface RingPass {
  readonly group: RingGroup;
  readonly ring: Ring;
  readonly pass: Pass;
  readonly walk: RingWalk;
  /** After the pass's own end, such as the terms of the forward pass. */
  readonly after: readonly PlanStep[];
  /** To the rank's own rows and columns. */
  readonly bound: BoundPlan;
  /** To its rows and a shard of columns, by how many those are. */
  readonly tiles: ReadonlyMap<number, BoundPlan>;
  readonly rows: readonly Segment[];
  /** Of the columns of a rank. */
  readonly colsOf: (rank: number) => readonly Segment[];
  readonly environment: Environment;
  readonly slots: RingBuffers;
}

export type PassPart =
  | { readonly kind: 'command'; readonly command: NativeCommand; readonly pairs: number }
  /** A chunk has been walked: a place to stop or to report. */
  | { readonly kind: 'chunk'; readonly pairs: number };

/**
 * A rank's schedule as commands of its device. A step's messages travel while its tile is computed, and are joined before its merges;
 * those between nodes have the rest of a turn.
 */
export function* partsOfPass(given: RingPass): Generator<PassPart> {
  const { group, ring, pass, walk, after, bound, environment } = given;
  yield* stepsOf(bound, walk.begin, bound.shape, environment);
  const steps = stepCount(ring);
  for (let number = 0; number < steps; number += 1) {
    const step = stepOf(ring, pass, group.communicator.rank, number);
    yield* messagesOf(given, step, `${pass} pass, step ${number + 1} of ${steps}`);
    if (step.compute !== undefined) yield* computeOf(given, step.compute, joins(given, number), step.merges);
    else yield* joins(given, number);
    for (const merged of step.merges) if (merged.from !== 'partial') yield* mergeOf(given, merged);
  }
  yield* stepsOf(bound, [...walk.end, ...after], bound.shape, environment);
}

function* joins({ group, ring }: RingPass, step: number): Generator<PassPart> {
  yield part({ kind: 'join', transport: group.transports.intra });
  if (endsTurn(ring, step)) yield part({ kind: 'join', transport: group.transports.inter });
}

function endsTurn(ring: Ring, step: number): boolean {
  return step >= ring.ranks || (step + 1) % (ring.ranks / turnsOf(ring)) === 0;
}

/** The step's messages, each a buffer of its content. */
function* messagesOf(given: RingPass, { sends, receives }: Step, step: string): Generator<PassPart> {
  const { group, ring } = given;
  const { rank } = group.communicator;
  const messages: Record<Link, NativeMessage[]> = { intra: [], inter: [] };
  const add = (direction: NativeMessage['direction'], peer: number, slot: Slot, content: Content): void => {
    for (const { buffer, bytes } of buffersOf(given, slot, content)) {
      if (bytes > 0) messages[linkOf(ring, rank, peer)].push({ direction, peer, buffer, offset: 0, bytes });
    }
  };
  for (const { content, from, to } of sends) add('send', to, from, content);
  for (const { content, from, into } of receives) add('receive', from, into, content);
  for (const link of ['intra', 'inter'] as const) {
    if (messages[link].length > 0) yield part({ kind: 'exchange', transport: group.transports[link], messages: messages[link], step });
  }
}

function buffersOf(given: RingPass, slot: Slot, { kind, shard }: Content): readonly { readonly buffer: NativeBuffer; readonly bytes: number }[] {
  const { walk, slots } = given;
  const tile = tileTo(given, shard);
  return (kind === 'keys' ? walk.keys : walk.sums).map((name) => ({ buffer: slots.get(slot, name, shard), bytes: bytesOf(tile, name) }));
}

/**
 * The rank's rows with the columns at hand, and the join of the step's messages. Where the tile is one chunk, and messages stay within a
 * node, sums have come long before the tile's own are made: these are then added to them directly, and are nowhere on their own.
 */
function* computeOf(given: RingPass, step: Compute, join: Iterable<PassPart>, merges: readonly Merge[]): Generator<PassPart> {
  const { ring, walk, slots, environment } = given;
  const { cols, keys, into } = step;
  const tile = tileTo(given, cols.rank);
  const named = (names: readonly string[], slot: Slot) => names.map((name): [string, NativeBuffer] => [name, slots.get(slot, name, cols.rank)]);
  const withKeys = withBuffers(environment, named(walk.keys, keys));
  const [merge] = merges.filter(({ from }) => from === 'partial');
  const target = withBuffers(withKeys, named(walk.sums, merge?.into ?? into));
  const pieces = piecesOf(given, cols.rank);
  const [piece] = pieces;
  if (ring.nodes === 1 && pieces.length === 1 && piece !== undefined && isOneChunk(piece)) {
    if (merge === undefined) yield* stepsOf(tile, walk.clear, piece, target);
    yield* stepsOf(tile, [...ofPositives(given, piece), ...walk.piece.make], piece, withKeys);
    yield* join;
    yield* stepsOf(tile, walk.piece.add, piece, target);
    yield { kind: 'chunk', pairs: piece.rows * piece.cols };
    return;
  }
  const own = withBuffers(withKeys, named(walk.sums, into));
  yield* stepsOf(tile, walk.clear, tile.shape, own);
  for (const shape of pieces) yield* stepsOf(tile, [...ofPositives(given, shape), ...walk.tile], shape, own);
  yield* join;
  if (merge !== undefined) yield* mergeOf(given, merge);
}

/** The tile by pieces of rows and columns that follow each other in the whole matrix. */
function piecesOf(given: RingPass, shard: number): readonly Shape[] {
  const { pass, rows, colsOf } = given;
  const tile = tileTo(given, shard);
  const whole = pass === 'forward' ? tile.forwardShape : tile.shape;
  const pieces = rows.flatMap((row) => colsOf(shard).map((col) => ({ ...whole, row0: row.first, rows: row.count, rowShift: row.shift, col0: col.first, cols: col.count, colShift: col.shift })));
  return pieces.filter(({ rows: count, cols }) => count > 0 && cols > 0);
}

function isOneChunk({ rows, cols, chunkRows, chunkCols }: Shape): boolean {
  return rows <= chunkRows && cols <= chunkCols;
}

/** None where no positive can be: one on the diagonal is in a piece that the diagonal crosses. */
function ofPositives({ walk, bound }: RingPass, { row0, rows, rowShift, col0, cols, colShift }: Shape): readonly PlanStep[] {
  const [row, col] = [row0 + rowShift, col0 + colShift];
  return bound.plan.positives !== 'diagonal' || (row < col + cols && col < row + rows) ? walk.ofPositives : [];
}

function* mergeOf(given: RingPass, { shard, from, into }: Merge): Generator<PassPart> {
  const { walk, slots, environment } = given;
  const tile = tileTo(given, shard);
  const named = walk.sums.flatMap((name): [string, NativeBuffer][] => [[name, slots.get(into, name, shard)], [tileSum(name), slots.get(from, name, shard)]]);
  yield* stepsOf(tile, walk.merge, tile.shape, withBuffers(environment, named));
}

function* stepsOf(bound: BoundPlan, steps: readonly PlanStep[], shape: Shape, environment: Environment): Generator<PassPart> {
  for (const step of walkWithin(bound, steps, shape)) {
    if (step.kind === 'chunk') yield step;
    else if (step.kind !== 'guard') yield part(nativeCommand(step, bound, environment), step.kind === 'launch' ? step.pairs : 0);
  }
}

function part(command: NativeCommand, pairs = 0): PassPart {
  return { kind: 'command', command, pairs };
}

function withBuffers(environment: Environment, named: readonly [string, NativeBuffer][]): Environment {
  return { ...environment, buffers: new Map([...environment.buffers, ...named]) };
}

function tileTo({ ring, tiles }: RingPass, shard: number): BoundPlan {
  const tile = tiles.get(ring.cols[shard]?.count ?? 0);
  if (tile === undefined) throw new Error(`the plan is not bound to the columns of rank ${shard}`);
  return tile;
}
