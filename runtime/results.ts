import type { Channel } from '../codegen/plan/needs.js';
import type { Plan } from '../codegen/plan/plan.js';
import { combine, finalize } from '../codegen/reduction/log-sum-exp.js';
import type { DeviceBuffers } from './device-buffers.js';
import type { SessionInputs } from './inputs.js';
import { segmentsOf, wholeNumber } from './ring/rank-shape.js';
import { pairWeightOf } from './scalars.js';

export type SideName = 'row' | 'col';

/** log sum exp of each row (column); of counterparts that share a normaliser, of both. */
export async function readLse(buffers: DeviceBuffers, side: SideName, { loss, shape }: SessionInputs): Promise<Float64Array> {
  const length = lengthOf(side, shape);
  const [max, sum] = [new Float32Array(length), new Float32Array(length)];
  await buffers.require(`${side}Max`).read(max, 0);
  await buffers.require(`${side}Sum`).read(sum, 0);
  const state = (i: number) => ({ max: max[i] ?? 0, sum: sum[i] ?? 0 });
  const shared = loss[`${side}s`]?.normaliser === 'counterparts';
  const partner = (i: number) => (i < shape.split ? i + shape.split : i - shape.split);
  return Float64Array.from(max, (_, i) => finalize(shared ? combine(state(i), state(partner(i))) : state(i)));
}

/** What each row (column) adds to the loss, unweighted: its softmax term's value and its sum of the pair term. */
export async function readValues(buffers: DeviceBuffers, side: SideName, { loss, shape, whole }: SessionInputs, plan: Plan): Promise<Float64Array | undefined> {
  const length = lengthOf(side, shape);
  if (loss[`${side}s`] !== undefined) return readDoubles(buffers, `${side}Values`, length);
  const pairs = await readChannel(buffers, side, 'pairs', plan, length);
  const weight = pairWeightOf(loss, whole.n, whole.m);
  return pairs === undefined ? undefined : Float64Array.from(pairs, (value) => value / weight);
}

/** How many logits that count, and are no positives, exceed that of the positive; -1 for a row (column) without one. */
export async function readRanks(buffers: DeviceBuffers, side: SideName, { loss, relation, shape, whole, rank }: SessionInputs, plan: Plan): Promise<Int32Array | undefined> {
  const length = lengthOf(side, shape);
  const ranks = await readChannel(buffers, side, 'rank', plan, length);
  if (ranks === undefined) return undefined;
  const other = side === 'row' ? whole.m : whole.n;
  const numberOf = (i: number): number => (rank === undefined ? i : wholeNumber(segmentsOf(loss, rank, side, rank.rank), i));
  const positives = side === 'row' ? relation.map : relation.rowOfCol;
  return Int32Array.from(ranks, (rank, i) => ((positives === undefined ? numberOf(i) < other : (positives[i] ?? -1) >= 0) ? rank : -1));
}

async function readChannel(buffers: DeviceBuffers, side: SideName, channel: Channel, { channels }: Plan, length: number): Promise<Float32Array | undefined> {
  const place = channels[side].indexOf(channel);
  if (place < 0) return undefined;
  const values = new Float32Array(length);
  await buffers.require(`${side}Extra`).read(values, place * length * 4);
  return values;
}

async function readDoubles(buffers: DeviceBuffers, name: string, length: number): Promise<Float64Array> {
  const values = new Float64Array(length);
  await buffers.require(name).read(values, 0);
  return values;
}

function lengthOf(side: SideName, { n, m }: SessionInputs['shape']): number {
  return side === 'row' ? n : m;
}
