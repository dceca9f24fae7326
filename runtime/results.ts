import { flags, unset, vectorPartials, type Flag } from '../codegen/plan/buffers.js';
import type { Channel } from '../codegen/plan/needs.js';
import type { Plan } from '../codegen/plan/plan.js';
import { combine, finalize } from '../codegen/reduction/log-sum-exp.js';
import { InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import { rowWithoutCount, rowWithoutPositive } from './check-inputs.js';
import type { DeviceBuffers } from './device-buffers.js';
import type { SessionInputs } from './inputs.js';
import { pairWeightOf } from './scalars.js';

export type SideName = 'row' | 'col';

/**
 * Whether the logits of single positives, which are known to be there, are finite.
 *
 * @throws {InfinitileError} when a walk has found a row that its term refuses: without a positive, or without anything that counts.
 */
export async function checkRows(buffers: DeviceBuffers, { loss }: SessionInputs): Promise<boolean> {
  if (!buffers.has('flags')) return true;
  const values = new Int32Array(flags.length);
  await buffers.require('flags').read(values, 0);
  const first = (flag: Flag): number | undefined => {
    const row = values[flags.indexOf(flag)];
    return row === unset ? undefined : row;
  };
  const found: Diagnostic[] = [];
  for (const [side, what] of [['row', 'row'], ['col', 'column']] as const) {
    const [unmatched, empty] = [first(`${side}Unmatched`), first(`${side}Empty`)];
    if (unmatched !== undefined && loss.positives.kind !== 'where') return false;
    if (unmatched !== undefined) found.push(rowWithoutPositive(loss.name, what, unmatched));
    if (empty !== undefined) found.push(rowWithoutCount(loss.name, what, empty));
  }
  if (found.length > 0) throw new InfinitileError(found);
  return true;
}

/** The pair term's sum, and what the pairs add to each parameter's gradient. */
export async function readScalars(buffers: DeviceBuffers, { params }: PairwiseLoss): Promise<Float64Array> {
  return readDoubles(buffers, 'scalars', 1 + params.length);
}

/** The softmax terms' part of the loss. */
export async function readTermLoss(buffers: DeviceBuffers): Promise<number> {
  let sum = 0;
  for (const name of ['rowLoss', 'colLoss'].filter((partial) => buffers.has(partial))) {
    sum += (await readDoubles(buffers, name, vectorPartials)).reduce((total, value) => total + value, 0);
  }
  return sum;
}

/** What the values of the softmax terms add to each parameter's gradient. */
export async function readTermParams(buffers: DeviceBuffers, { params }: PairwiseLoss): Promise<Float64Array> {
  const sums = new Float64Array(params.length);
  for (const name of ['rowParams', 'colParams'].filter((partial) => buffers.has(partial))) {
    (await readDoubles(buffers, name, vectorPartials * params.length)).forEach((value, i) => (sums[i % params.length] = (sums[i % params.length] ?? 0) + value));
  }
  return sums;
}

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
export async function readValues(buffers: DeviceBuffers, side: SideName, { loss, shape }: SessionInputs, plan: Plan): Promise<Float64Array | undefined> {
  const length = lengthOf(side, shape);
  if (loss[`${side}s`] !== undefined) return readDoubles(buffers, `${side}Values`, length);
  const pairs = await readChannel(buffers, side, 'pairs', plan, length);
  const weight = pairWeightOf(loss, shape.n, shape.m);
  return pairs === undefined ? undefined : Float64Array.from(pairs, (value) => value / weight);
}

/** How many logits that count, and are no positives, exceed that of the positive; -1 for a row (column) without one. */
export async function readRanks(buffers: DeviceBuffers, side: SideName, { relation, shape }: SessionInputs, plan: Plan): Promise<Int32Array | undefined> {
  const length = lengthOf(side, shape);
  const ranks = await readChannel(buffers, side, 'rank', plan, length);
  if (ranks === undefined) return undefined;
  const other = side === 'row' ? shape.m : shape.n;
  const positives = side === 'row' ? relation.map : relation.rowOfCol;
  return Int32Array.from(ranks, (rank, i) => ((positives === undefined ? i < other : (positives[i] ?? -1) >= 0) ? rank : -1));
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
