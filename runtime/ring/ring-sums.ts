import { ofPositiveParameter } from '../../codegen/emit/places.js';
import { flags, unset, type Flag } from '../../codegen/plan/buffers.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { DeviceBuffers } from '../device-buffers.js';
import type { PositiveRelation } from '../positives.js';
import type { Readings } from '../readings.js';
import { gatherNumbers } from '../transport/agree.js';
import type { Communicator } from '../transport/communicator.js';
import { segmentsOf, wholeNumber, wholeOf, type RankShape } from './rank-shape.js';

export interface RingReadings {
  /** As of `Readings`, rows by their numbers in the whole. */
  readonly found: Int32Array;
  /** Whether the walks of all ranks were over soon. */
  readonly short: boolean;
  readonly loss: number;
  readonly params: Readonly<Record<string, number>>;
}

/** What ranks find out one by one, and need of all: numbers that the host passes on. In the order of ranks, so that all have the same bits. */
export class RingSums {
  readonly #loss: PairwiseLoss;
  readonly #buffers: DeviceBuffers;
  readonly #communicator: Communicator;
  readonly #shape: RankShape;
  readonly #relation: PositiveRelation;

  constructor(loss: PairwiseLoss, buffers: DeviceBuffers, communicator: Communicator, shape: RankShape, relation: PositiveRelation) {
    this.#loss = loss;
    this.#buffers = buffers;
    this.#communicator = communicator;
    this.#shape = shape;
    this.#relation = relation;
  }

  /** What the walks of all ranks have come to; `short`: whether this rank's were over soon. */
  async read({ found, loss, params }: Readings, short: boolean): Promise<RingReadings> {
    const numbered = flags.map((flag, i) => this.#inTheWhole(flag, found[i] ?? unset));
    const all = await gatherNumbers(this.#communicator, Float64Array.of(...numbered, Number(short), loss, ...Object.values(params)), 'the parts of the loss');
    const sum = (i: number): number => all.reduce((total, part) => total + (part[flags.length + 1 + i] ?? 0), 0);
    return {
      found: Int32Array.from(flags, (_, i) => all.reduce((least, part) => Math.min(least, part[i] ?? unset), unset)),
      short: all.every((part) => part[flags.length] === 1),
      loss: sum(0),
      params: Object.fromEntries(Object.keys(params).map((name, i) => [name, sum(i + 1)])),
    };
  }

  /** Of terms whose mean is over the rows (columns) that the tiles have found to count. */
  async addTallies(): Promise<void> {
    for (const name of ['rowTally', 'colTally']) {
      if (!this.#buffers.has(name)) continue;
      const tally = new Float64Array(1);
      await this.#buffers.require(name).read(tally, 0);
      const all = await gatherNumbers(this.#communicator, tally, 'how many rows count');
      tally[0] = all.reduce((total, [own = 0]) => total + own, 0);
      await this.#buffers.require(name).write(tally, 0);
    }
  }

  /** What is known of rows' positives goes to the columns that they are, which another rank may have. `names`: what those want to know. */
  async tellColumns(names: readonly string[]): Promise<void> {
    for (const name of ['positiveLogit', 'positiveGuide']) {
      const target = ofPositiveParameter('col', name);
      if (!names.includes(target)) continue;
      const own = new Float32Array(this.#shape.n);
      await this.#buffers.require(name).read(own, 0);
      const parts = await gatherNumbers(this.#communicator, Float64Array.from(own), 'the logits of positives');
      const all = wholeOf(parts, (rank) => segmentsOf(this.#loss, this.#shape, 'row', rank), new Float64Array(this.#shape.whole.n));
      const columns = segmentsOf(this.#loss, this.#shape, 'col', this.#shape.rank);
      const told = Float32Array.from({ length: this.#shape.m }, (_, col) => all[this.#relation.rowOfCol?.[col] ?? wholeNumber(columns, col)] ?? Infinity);
      await this.#buffers.require(target).write(told, 0);
    }
  }

  #inTheWhole(flag: Flag, found: number): number {
    if (flag === 'outOfRange' || found === unset) return flag === 'outOfRange' && found === 1 ? 1 : unset;
    return wholeNumber(segmentsOf(this.#loss, this.#shape, flag.startsWith('row') ? 'row' : 'col', this.#shape.rank), found);
  }
}
