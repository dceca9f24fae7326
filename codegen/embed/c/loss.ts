import type { PairwiseLoss, Tensor } from '../../../dsl/loss.js';
import { doubleLiteral } from '../../emit/literals.js';
import { attributeParameter } from '../../emit/places.js';
import { flags } from '../../plan/buffers.js';
import { needsOf, type SideNeeds } from '../../plan/needs.js';
import { elementBytes, type Plan } from '../../plan/plan.js';
import type { Problem } from '../../plan/problem.js';
import type { Arguments } from './arguments.js';
import { writeDouble } from './doubles.js';
import { attributesIn, boundsOf, readByBounds } from './loss-bounds.js';
import { snakeCase } from './names.js';
import { ringLossContext } from './ring-loss.js';
import { bufferName } from './walk.js';

/** What templates are given of a loss; `plan`: of any target. */
export function lossContext(problem: Problem, plan: Plan, given: Arguments): object {
  const { loss, precision } = problem;
  const needs = needsOf(loss, problem.reports);
  const { row, col, relation, stacked } = needs;
  const buffers = new Set(plan.buffers.map(({ name }) => name));
  const read = readByBounds(loss, precision === 'f16');
  const ranged = given.vectors.filter(({ name, type }) => name !== 'positives' && (type === 'floats' || read.has(name)));
  const ruleReads = loss.positives.kind === 'column' ? attributesIn(loss.positives.column) : new Set<string>();
  const ruleAttributes = given.vectors.filter(({ name }) => ruleReads.has(name)).map(({ name, type, buffer }) => ({ name, buffer, type: type === 'ints' ? 'int32_t' : 'float' }));
  const sides = { row: sideContext(row, 'row', relation, buffers), col: sideContext(col, 'col', relation, buffers) };
  const shared = ringLossContext(loss, needs, ranged.length);
  return {
    loss: loss.name,
    params: given.params,
    hasParams: given.params.length > 0,
    paramCount: given.params.length,
    attributes: ranged.map(({ name }) => ({ name })),
    pairWeight: pairWeightText(loss),
    bounds: boundsOf(loss, new Set(ranged.map(({ name }) => name))),
    f16: precision === 'f16',
    hasSoftmax: needs.softmax,
    stacked,
    ...(stacked ? stackOf(loss) : { rowsOf: '', colsOf: '', rowStart: '', colStart: '' }),
    ...sides,
    refuses: sides.row.refuses || sides.col.refuses,
    mapped: relation === 'mapped',
    diagonal: relation === 'diagonal',
    where: loss.positives.kind === 'where',
    indexMap: loss.positives.kind === 'indexMap',
    mapRule: relation === 'mapped' && loss.positives.kind !== 'indexMap' ? mapRule(loss, stacked) : false,
    ruleAttributes,
    rowOfCol: buffers.has('rowOfCol'),
    // Of columns the rows are asked for where their term counts them, or masks read what those have.
    ofCols: col?.term !== undefined || buffers.has('rowOfCol'),
    hasVectors: given.vectors.length > 0,
    ...shared,
    leastQueries: shared.usesQueries ? 1 : 0,
    writesMatched: [sides.row.matchedBuffer, sides.col.matchedBuffer].some((buffer) => buffer !== false) || buffers.has('rowOfCol'),
    mostPacked: given.matrices.length + given.vectors.length + given.gradients.length,
    asManyKeys: needsCounterparts(loss, stacked),
    matrices: given.matrices,
    guides: given.guides,
    vectors: given.vectors,
    outputs: given.gradients.map((output) => ({ ...output, rows: shardRows[output.name] ?? 'run->own.stack' })),
    queryCount: given.queryCount,
    keyCount: given.keyCount,
    ranged: ranged.map((vector, i) => ({ ...vector, lowest: 2 + 2 * i, highest: 3 + 2 * i })),
    ranges: (['ints', 'floats'] as const).filter((type) => ranged.some((vector) => vector.type === type)).map((type) => ({ type })),
    inspected: stacked ? [{ name: 'embeddings', rows: 'query_bad_rows' }] : [{ name: 'queries', rows: 'query_bad_rows' }, { name: 'keys', rows: 'key_bad_rows' }],
    queryNorms: 'query_norms',
    keyNorms: stacked ? 'query_norms' : 'key_norms',
    readsFloats: given.vectors.some(({ type }) => type === 'floats'),
    // What kernel `results` adds up, as its parameters are.
    resultSums: ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars'].map((name) => (buffers.has(name) ? `AT(${bufferName(name)}, 0)` : 'NOTHING')),
    rowTerm: row?.term !== undefined,
    colTerm: col?.term !== undefined,
    flags: Object.fromEntries(flags.map((flag, place) => [flag, place])),
  };
}

/** Rows of a gradient that is no stack's. */
const shardRows: Readonly<Record<string, string>> = { queries: 'queries_of(&run->shards, run->shards.rank)', keys: 'keys_of(&run->shards, run->shards.rank)' };

/** Rows of the same number exist in both tensors, where a loss pairs them. */
function needsCounterparts({ rows, cols, positives }: PairwiseLoss, stacked: boolean): boolean {
  return rows?.normaliser === 'counterparts' || cols?.normaliser === 'counterparts' || (positives.kind === 'counterpart' && stacked);
}

interface SideContext {
  /** Its weight, by `matched.rows` or `matched.cols`. */
  readonly weight: string;
  /** With a map: whether a row (column) of a piece counts. */
  readonly has: string;
  /** Without one: how many do. */
  readonly count: string;
  readonly refuses: boolean;
  readonly matchedBuffer: string | false;
}

function sideContext(own: SideNeeds | undefined, side: 'row' | 'col', relation: 'diagonal' | 'mapped' | 'where', buffers: ReadonlySet<string>): SideContext {
  const term = own?.term;
  const [all, matched, piece] = side === 'row' ? ['n', 'matched.rows', 'rows'] : ['m', 'matched.cols', 'cols'];
  const selects = own?.readsPositive === true && relation !== 'where';
  const mean = term?.reduction === 'mean' && own?.counted !== true;
  return {
    weight: term === undefined ? '0' : `${doubleLiteral(term.weight)}${mean ? ` / (double)greatest(${matched}, 1)` : ''}`,
    has: selects ? `pieces->${piece}[i] >= 0` : 'true',
    count: selects ? 'least(n, m)' : all,
    refuses: selects && term?.unmatched === 'refuse',
    matchedBuffer: buffers.has(`${side}Matched`) ? bufferName(`${side}Matched`) : false,
  };
}

function pairWeightText({ pairs }: PairwiseLoss): string {
  if (pairs === undefined) return '0';
  const divisor = { rowMean: ' / (double)s->n', pairMean: ' / ((double)s->n * (double)s->m)', sum: '' }[pairs.reduction];
  return `${doubleLiteral(pairs.weight)}${divisor}`;
}

function stackOf({ between }: PairwiseLoss): object {
  const range = (tensors: readonly Tensor[]) => ({ start: tensors.includes('queries') ? '0' : 'queries', length: tensors.join(' + ') });
  const [rows, cols] = [range(between.rows), range(between.cols)];
  return { rowsOf: rows.length, colsOf: cols.length, rowStart: rows.start, colStart: cols.start };
}

/** Lines of a function of `row`, whose attributes lie at `at` of their pieces: the column of its positive. */
function mapRule(loss: PairwiseLoss, stacked: boolean): readonly string[] {
  const { positives } = loss;
  const diagonal = ['return row < s->m ? row : -1;'];
  if (positives.kind === 'column') {
    const place = stacked
      ? ['const int64_t place = row + s->row_start;', 'const double index = (double)(place < s->split ? place : place - s->split), view = place < s->split ? 0 : 1;']
      : ['const double index = (double)row, view = 0;'];
    const column = writeDouble(positives.column, (leaf) => {
      if (leaf.kind !== 'attribute') throw new Error(`a positive's column reads ${leaf.kind}`);
      return leaf.name === 'index' || leaf.name === 'view' ? leaf.name : `(double)pieces->${attributeParameter('row', leaf.name)}[at]`;
    });
    return [...place, '(void)index, (void)view;', `const double col = ${column};`, 'return col == floor(col) && col >= 0 && col < (double)s->m ? (int64_t)col : -1;'];
  }
  if (positives.kind !== 'counterpart' || !stacked) return diagonal;
  return [
    'const int64_t place = s->row_start + row;',
    'const int64_t other = place < s->split ? place + s->split : place - s->split;',
    'const int64_t col = other - s->col_start;',
    'return other < s->stack && col >= 0 && col < s->m ? col : -1;',
  ];
}

/** Members of a struct of buffers whose sizes do not depend on the shapes. */
export function membersOf(plan: Plan, names: readonly string[]): readonly object[] {
  const types = { f32: 'float', f64: 'double', i32: 'int32_t', bf16: 'uint16_t', f16: 'uint16_t' } as const;
  return names.flatMap((name) => {
    const buffer = plan.buffers.find((candidate) => candidate.name === name);
    if (buffer === undefined) return [];
    if (typeof buffer.count !== 'number') throw new Error(`the size of '${name}' depends on the shapes`);
    return [{ member: snakeCase(name), type: types[buffer.element], count: buffer.count, buffer: bufferName(name) }];
  });
}

/** Of such a struct, the gaps between its members included. */
export function bytesOf(plan: Plan, names: readonly string[]): number {
  const members = plan.buffers.filter(({ name }) => names.includes(name));
  return members.reduce((sum, { count, element }) => sum + Math.ceil(((typeof count === 'number' ? count : 0) * elementBytes[element]) / 8) * 8, 0);
}
