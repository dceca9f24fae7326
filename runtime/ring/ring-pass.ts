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
    if (step.compute !== undefined) yield* tileOfStep(given, step.compute);
    yield part({ kind: 'join', transport: group.transports.intra });
    if (endsTurn(ring, number)) yield part({ kind: 'join', transport: group.transports.inter });
    for (const merged of step.merges) yield* mergeOf(given, merged);
  }
  yield* stepsOf(bound, [...walk.end, ...after], bound.shape, environment);
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
  return (kind === 'keys' ? walk.keys : walk.sums).map((name) => ({ buffer: slots.get(slot, name), bytes: bytesOf(tile, name) }));
}

/** The rank's rows with the columns at hand, piece by piece of both that follow each other in the whole matrix. */
function* tileOfStep(given: RingPass, { cols, keys, into }: Compute): Generator<PassPart> {
  const { pass, walk, rows, colsOf, slots, environment } = given;
  const tile = tileTo(given, cols.rank);
  const named = (names: readonly string[], slot: Slot) => names.map((name): [string, NativeBuffer] => [name, slots.get(slot, name)]);
  const own = withBuffers(environment, [...named(walk.keys, keys), ...named(walk.sums, into)]);
  const whole = pass === 'forward' ? tile.forwardShape : tile.shape;
  yield* stepsOf(tile, walk.clear, whole, own);
  for (const row of rows) {
    for (const col of colsOf(cols.rank)) {
      if (row.count === 0 || col.count === 0) continue;
      const shape = { ...whole, row0: row.first, rows: row.count, rowShift: row.shift, col0: col.first, cols: col.count, colShift: col.shift };
      yield* stepsOf(tile, [...(mayHavePositives(tile, row, col) ? walk.ofPositives : []), ...walk.tile], shape, own);
    }
  }
}

/** Where a map tells positives, they may be anywhere. */
function mayHavePositives({ plan }: BoundPlan, row: Segment, col: Segment): boolean {
  const [rowBegin, colBegin] = [row.first + row.shift, col.first + col.shift];
  return plan.positives !== 'diagonal' || (rowBegin < colBegin + col.count && colBegin < rowBegin + row.count);
}

function* mergeOf(given: RingPass, { shard, from, into }: Merge): Generator<PassPart> {
  const { walk, slots, environment } = given;
  const tile = tileTo(given, shard);
  const named = walk.sums.flatMap((name): [string, NativeBuffer][] => [[name, slots.get(into, name)], [tileSum(name), slots.get(from, name)]]);
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
