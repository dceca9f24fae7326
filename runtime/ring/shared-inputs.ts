import { needsOf, staysOnRank } from '../../codegen/plan/needs.js';
import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { readAttributes, type Attribute, type Attributes } from '../attributes.js';
import { checkCounterparts, openTensors, positiveMap, relateAll, type InputExpectation, type RunInputs, type SessionInputs } from '../inputs.js';
import { usesTensor } from '../matrix-shape.js';
import type { PositiveRelation } from '../positives.js';
import { agree, gatherNumbers } from '../transport/agree.js';
import type { Communicator } from '../transport/communicator.js';
import { countOf, ownPart, rankShape, segmentsOf, totalRows, wholeNumber, wholeOf, type RankShape } from './rank-shape.js';

/**
 * As `prepareInputs`, of a rank's own rows: what the ranks have together is known to each of them afterwards. An index map of
 * positives is on every host in full, 4 bytes a row.
 *
 * @throws {InfinitileError} on all ranks, when one of them is given what cannot be.
 */
export async function prepareSharedInputs(communicator: Communicator, loss: PairwiseLoss, kernel: InputExpectation, inputs: RunInputs): Promise<SessionInputs> {
  const { tensors, guides, rows } = await agree(communicator, 'the inputs of each rank', () => openTensors(loss, kernel, inputs));
  const counts = await gatherNumbers(communicator, Float64Array.of(rows.queries, rows.keys), 'the rows of each rank');
  const rank = rankShape(loss, communicator.rank, counts.map(([queries = 0, keys = 0]) => ({ queries, keys })));
  checkRanks(loss, rank);
  const attributes = await shareRanges(communicator, await agree(communicator, 'the attributes of each rank', () => readAttributes(loss, inputs, rank)));
  return { loss, shape: rank, whole: rank.whole, rank, dim: kernel.dim, tensors, guides, attributes, relation: await shareRelation(communicator, loss, rank, attributes, inputs) };
}

/** The same on every rank. */
function checkRanks(loss: PairwiseLoss, { tensors }: RankShape): void {
  const mistakes: Diagnostic[] = [];
  for (const tensor of ['queries', 'keys'] as const) {
    const without = tensors.findIndex((rows) => usesTensor(loss, tensor) && rows[tensor] === 0);
    if (without >= 0) mistakes.push({ code: 'INF4003', message: `rank ${without} was given no ${tensor}`, hint: 'each rank has a row at least: take fewer ranks' });
  }
  const uneven = tensors.findIndex(({ queries, keys }) => queries !== keys);
  if (uneven >= 0 && staysOnRank(needsOf(loss))) {
    const { queries, keys } = tensors[uneven] ?? { queries: 0, keys: 0 };
    const message = `rank ${uneven} has ${queries} queries and ${keys} keys: loss '${loss.name}' needs a key and its query on the same rank`;
    mistakes.push({ code: 'INF4017', message, hint: 'give each rank as many keys as queries' });
  }
  if (mistakes.length > 0) throw new InfinitileError(mistakes);
  checkCounterparts(loss, totalRows(tensors));
}

/** Values of all ranks lie within the ranges. */
async function shareRanges(communicator: Communicator, { row, col }: Attributes): Promise<Attributes> {
  const own = [...row, ...col].flatMap(({ range }) => [range.low, range.high]);
  const all = await gatherNumbers(communicator, Float64Array.from(own), 'the ranges of attributes');
  const widened = (attributes: readonly Attribute[], first: number): readonly Attribute[] =>
    attributes.map((attribute, i) => ({
      ...attribute,
      range: { low: Math.min(...all.map((ranges) => ranges[2 * (first + i)] ?? Infinity)), high: Math.max(...all.map((ranges) => ranges[2 * (first + i) + 1] ?? -Infinity)) },
    }));
  return { row: widened(row, 0), col: widened(col, row.length) };
}

/** The relation of all rows and columns, and of it the part of the rank's own. */
async function shareRelation(communicator: Communicator, loss: PairwiseLoss, rank: RankShape, attributes: Attributes, { positives }: RunInputs): Promise<PositiveRelation> {
  const rows = (of: number) => segmentsOf(loss, rank, 'row', of);
  const [ownRows, ownCols] = [rows(rank.rank), segmentsOf(loss, rank, 'col', rank.rank)];
  const given = { count: countOf(ownRows), numberOf: (row: number) => wholeNumber(ownRows, row) };
  const own = await agree(communicator, 'the positives of each rank', () => positiveMap(loss, rank.whole, attributes, positives, given));
  if (own === undefined) return relateAll(loss, rank.whole, undefined);
  const parts = await gatherNumbers(communicator, Float64Array.from(own), 'the positives of each rank');
  const { map, rowOfCol, rowMatched, colMatched, ...weights } = relateAll(loss, rank.whole, wholeOf(parts.map((part) => Int32Array.from(part)), rows, new Int32Array(rank.whole.n)));
  const ints = (length: number) => new Int32Array(length);
  const floats = (length: number) => new Float32Array(length);
  return {
    ...weights,
    ...(map === undefined ? {} : { map: ownPart(map, ownRows, ints) }),
    ...(rowOfCol === undefined ? {} : { rowOfCol: ownPart(rowOfCol, ownCols, ints) }),
    ...(rowMatched === undefined ? {} : { rowMatched: ownPart(rowMatched, ownRows, floats) }),
    ...(colMatched === undefined ? {} : { colMatched: ownPart(colMatched, ownCols, floats) }),
  };
}
