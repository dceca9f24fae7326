import { isStacked } from '../../codegen/plan/needs.js';
import type { Shard } from '../../codegen/plan/bind.js';
import { splitEvenly } from '../../codegen/ring/layout.js';
import type { PairwiseLoss, Tensor } from '../../dsl/loss.js';
import { matrixShape, type MatrixShape, type TensorRows } from '../matrix-shape.js';
import type { Communicator } from '../transport/communicator.js';

/** What a rank has of a matrix that ranks share. */
export interface RankShape extends MatrixShape, Shard {
  readonly rank: number;
  /** The matrix of all ranks. */
  readonly whole: MatrixShape;
  /** Rows of each rank's tensors. */
  readonly tensors: readonly TensorRows[];
}

/** Rows (columns) of a rank that follow each other in the whole matrix too. */
export interface Segment {
  /** Of the rank's own rows (columns). */
  readonly first: number;
  readonly count: number;
  /** By how much greater their numbers in the whole are. */
  readonly shift: number;
}

/** Tensors of all ranks lie one after the other; where both are stacked, all queries come before all keys. */
export function rankShape(loss: PairwiseLoss, rank: number, tensors: readonly TensorRows[]): RankShape {
  const before = (tensor: Tensor): number => total(tensors.slice(0, rank), tensor);
  const whole = matrixShape(loss, totalRows(tensors));
  return {
    ...matrixShape(loss, tensors[rank] ?? { queries: 0, keys: 0 }),
    firstQuery: before('queries'),
    firstKey: before('keys'),
    wholeSplit: whole.split,
    wholeRowStart: whole.rowStart,
    wholeColStart: whole.colStart,
    rank,
    whole,
    tensors,
  };
}

/** Of tensors that are shared out evenly, rank after rank. */
export function evenRankShape(loss: PairwiseLoss, rows: TensorRows, { rank, ranks }: Pick<Communicator, 'rank' | 'ranks'>): RankShape {
  const keys = splitEvenly(rows.keys, ranks);
  return rankShape(loss, rank, splitEvenly(rows.queries, ranks).map((queries, of) => ({ queries, keys: keys[of] ?? 0 })));
}

/** Those of any rank: one of each tensor that is rows (columns) of the loss. */
export function segmentsOf(loss: PairwiseLoss, { whole, tensors }: RankShape, side: 'row' | 'col', rank: number): readonly Segment[] {
  const stacked = isStacked(loss);
  const names = stacked ? (['queries', 'keys'] as const).filter((tensor) => loss.between[`${side}s`].includes(tensor)) : [side === 'row' ? ('queries' as const) : ('keys' as const)];
  const wholeStart = side === 'row' ? whole.rowStart : whole.colStart;
  let first = 0;
  return names.map((tensor) => {
    const begin = total(tensors.slice(0, rank), tensor) + (stacked && tensor === 'keys' ? whole.split : 0) - wholeStart;
    const segment = { first, count: tensors[rank]?.[tensor] ?? 0, shift: begin - first };
    first += segment.count;
    return segment;
  });
}

export function countOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { count }) => sum + count, 0);
}

/** The number in the whole of a rank's row (column). */
export function wholeNumber(segments: readonly Segment[], own: number): number {
  const segment = segments.find(({ first, count }) => own >= first && own < first + count);
  if (segment === undefined) throw new RangeError(`${own} is none of the rank's ${countOf(segments)}`);
  return own + segment.shift;
}

type Numbers = Int32Array | Float32Array | Float64Array;

/** A rank's part of what all rows (columns) have. */
export function ownPart<T extends Numbers>(all: T, segments: readonly Segment[], make: (length: number) => T): T {
  const own = make(countOf(segments));
  for (const { first, count, shift } of segments) own.set(all.subarray(first + shift, first + shift + count), first);
  return own;
}

/** And back: what all rows (columns) have, of the parts of all ranks. */
export function wholeOf<T extends Numbers>(parts: readonly T[], segments: (rank: number) => readonly Segment[], all: T): T {
  for (const [rank, part] of parts.entries()) {
    for (const { first, count, shift } of segments(rank)) all.set(part.subarray(first, first + count), first + shift);
  }
  return all;
}

/** Rows of the tensors of all ranks. */
export function totalRows(tensors: readonly TensorRows[]): TensorRows {
  return { queries: total(tensors, 'queries'), keys: total(tensors, 'keys') };
}

function total(tensors: readonly TensorRows[], tensor: Tensor): number {
  return tensors.reduce((sum, rows) => sum + rows[tensor], 0);
}
