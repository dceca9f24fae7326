import { walkWithin, type BoundPlan } from '../../codegen/plan/bind.js';
import type { Shape } from '../../codegen/plan/extent.js';
import type { RingWalk, Step as PlanStep } from '../../codegen/plan/plan.js';
import { tileSum } from '../../codegen/plan/ring-buffers.js';
import { stepCount, stepOf } from '../../codegen/ring/lower.js';
import { turnsOf } from '../../codegen/ring/place.js';
import { linkOf, type Buffer as Slot, type Compute, type Content, type Link, type Merge, type Pass, type Ring, type Step } from '../../codegen/ring/schedule.js';
import type { NativeBuffer, NativeMessage } from '../addon.js';
import { ListQueue, nativeCommand, type Control, type Ending, type Environment } from '../execute.js';
import type { Segment } from './rank-shape.js';
import { bytesOf, type RingBuffers } from './ring-buffers.js';
import type { RingGroup } from './ring-group.js';

/** What a pass round the ring is carried out with. */
export interface RingPass {
  readonly group: RingGroup;
  readonly ring: Ring;
  readonly pass: Pass;
  readonly walk: RingWalk;
  /** To the rank's own rows and columns. */
  readonly bound: BoundPlan;
  /** To its rows and a shard of columns, by how many those are. */
  readonly tiles: ReadonlyMap<number, BoundPlan>;
  readonly rows: readonly Segment[];
  /** Of the columns of a rank. */
  readonly colsOf: (rank: number) => readonly Segment[];
  readonly environment: Environment;
  readonly slots: RingBuffers;
  readonly control: Control;
}

/**
 * Carries out a rank's schedule. A step's messages travel while its tile is computed, and are joined before its merges; those between
 * nodes have the rest of a turn.
 *
 * @returns milliseconds on the device.
 */
export async function runPass(given: RingPass, ending?: Ending): Promise<number> {
  const { group, ring, pass, walk, bound, environment, control } = given;
  const queue = new ListQueue(environment.device, control, ending?.outputs);
  addSteps(queue, bound, walk.begin, bound.shape, environment);
  const steps = stepCount(ring);
  for (let number = 0; number < steps; number += 1) {
    const step = stepOf(ring, pass, group.communicator.rank, number);
    post(queue, given, step, `${pass} pass, step ${number + 1} of ${steps}`);
    if (step.compute !== undefined) await compute(queue, given, step.compute);
    queue.add({ kind: 'join', transport: group.transports.intra }, 0);
    if (endsTurn(ring, number)) queue.add({ kind: 'join', transport: group.transports.inter }, 0);
    for (const merged of step.merges) merge(queue, given, merged);
  }
  addSteps(queue, bound, walk.end, bound.shape, environment);
  if (ending !== undefined) queue.add(ending.command, 0);
  await queue.drain();
  return queue.milliseconds;
}

function endsTurn(ring: Ring, step: number): boolean {
  return step >= ring.ranks || (step + 1) % (ring.ranks / turnsOf(ring)) === 0;
}

/** The step's messages, each a buffer of its content. */
function post(queue: ListQueue, given: RingPass, { sends, receives }: Step, label: string): void {
  const { group, ring } = given;
  const { rank } = group.communicator;
  const messages: Record<Link, NativeMessage[]> = { intra: [], inter: [] };
  const add = (direction: NativeMessage['direction'], peer: number, slot: Slot, content: Content): void => {
    for (const { buffer, bytes } of parts(given, slot, content)) {
      if (bytes > 0) messages[linkOf(ring, rank, peer)].push({ direction, peer, buffer, offset: 0, bytes });
    }
  };
  for (const { content, from, to } of sends) add('send', to, from, content);
  for (const { content, from, into } of receives) add('receive', from, into, content);
  for (const link of ['intra', 'inter'] as const) {
    if (messages[link].length > 0) queue.add({ kind: 'exchange', transport: group.transports[link], messages: messages[link], step: label }, 0);
  }
}

function parts(given: RingPass, slot: Slot, { kind, shard }: Content): readonly { readonly buffer: NativeBuffer; readonly bytes: number }[] {
  const { walk, slots } = given;
  const tile = tileOf(given, shard);
  return (kind === 'keys' ? walk.keys : walk.sums).map((name) => ({ buffer: slots.get(slot, name), bytes: bytesOf(tile, name) }));
}

/** The rank's rows with the columns at hand, piece by piece of both that follow each other in the whole matrix. */
async function compute(queue: ListQueue, given: RingPass, { cols, keys, into }: Compute): Promise<void> {
  const { pass, walk, rows, colsOf, slots, environment } = given;
  const tile = tileOf(given, cols.rank);
  const named: [string, NativeBuffer][] = [...walk.keys.map((name): [string, NativeBuffer] => [name, slots.get(keys, name)]), ...walk.sums.map((name): [string, NativeBuffer] => [name, slots.get(into, name)])];
  const own = withBuffers(environment, named);
  const whole = pass === 'forward' ? tile.forwardShape : tile.shape;
  addSteps(queue, tile, walk.clear, whole, own);
  for (const row of rows) {
    for (const col of colsOf(cols.rank)) {
      if (row.count === 0 || col.count === 0) continue;
      const shape = { ...whole, row0: row.first, rows: row.count, rowShift: row.shift, col0: col.first, cols: col.count, colShift: col.shift };
      for (const step of walkWithin(tile, walk.tile, shape)) {
        if (step.kind === 'chunk') await queue.endOfChunk(step.pairs);
        else if (step.kind !== 'guard') queue.add(nativeCommand(step, tile, own), step.kind === 'launch' ? step.pairs : 0);
      }
    }
  }
}

function merge(queue: ListQueue, given: RingPass, { shard, from, into }: Merge): void {
  const { walk, slots, environment } = given;
  const tile = tileOf(given, shard);
  const named = walk.sums.flatMap((name): [string, NativeBuffer][] => [[name, slots.get(into, name)], [tileSum(name), slots.get(from, name)]]);
  addSteps(queue, tile, walk.merge, tile.shape, withBuffers(environment, named));
}

function addSteps(queue: ListQueue, bound: BoundPlan, steps: readonly PlanStep[], shape: Shape, environment: Environment): void {
  for (const step of walkWithin(bound, steps, shape)) {
    if (step.kind !== 'guard' && step.kind !== 'chunk') queue.add(nativeCommand(step, bound, environment), 0);
  }
}

function withBuffers(environment: Environment, named: readonly [string, NativeBuffer][]): Environment {
  return { ...environment, buffers: new Map([...environment.buffers, ...named]) };
}

function tileOf({ ring, tiles }: RingPass, shard: number): BoundPlan {
  const tile = tiles.get(ring.cols[shard]?.count ?? 0);
  if (tile === undefined) throw new Error(`the plan is not bound to the columns of rank ${shard}`);
  return tile;
}
