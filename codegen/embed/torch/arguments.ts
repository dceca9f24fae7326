import type { AttributeType, PairwiseLoss, Tensor } from '../../../dsl/loss.js';
import { isStacked } from '../../plan/needs.js';
import { fieldName, PythonNames } from './names.js';

/** What callers of an exported package give, by its names in Python. */
export interface PythonArguments {
  /** Embeddings as functions take them, and as operators do: one stack where rows and columns share tensors. */
  readonly given: readonly Embeddings[];
  readonly tensors: readonly Embeddings[];
  readonly givenGuides: readonly Embeddings[];
  readonly guides: readonly Embeddings[];
  readonly vectors: readonly Vector[];
  readonly params: readonly Param[];
  /** Whether operators are told how many of a stack are queries. */
  readonly hasCount: boolean;
  /** In Python, in an operator. */
  readonly queryCount: string;
  readonly keyCount: string;
}

export interface Embeddings {
  readonly name: string;
  /** How many: `N`, `M` or `N + M`. */
  readonly rows: string;
}

export interface Vector {
  readonly name: string;
  readonly type: AttributeType;
  /** Members of the library's inputs that it is: an attribute that rows and columns share is given once. */
  readonly places: readonly string[];
  /** How many numbers, in Python and in words. */
  readonly count: string;
  readonly rows: string;
  readonly what: string;
}

export interface Param {
  readonly name: string;
  /** As the loss declares it. */
  readonly declared: string;
}

export function pythonArguments(loss: PairwiseLoss): PythonArguments {
  const names = new PythonNames(loss);
  const { between } = loss;
  const uses = (tensor: Tensor): boolean => between.rows.includes(tensor) || between.cols.includes(tensor);
  const both = uses('queries') && uses('keys');
  const stacked = isStacked(loss);
  const pair = (queries: string, keys: string): readonly Embeddings[] => [{ name: queries, rows: 'N' }, { name: keys, rows: 'M' }];
  const stack = (name: string): readonly Embeddings[] => [{ name, rows: both ? 'N + M' : uses('queries') ? 'N' : 'M' }];
  const given = (both ? pair('queries', 'keys') : stack('embeddings')).map(({ name, rows }) => ({ name: names.take(name), rows }));
  const givenGuides = !loss.guide ? [] : (both ? pair('guide_queries', 'guide_keys') : stack('guides')).map(({ name, rows }) => ({ name: names.take(name), rows }));
  const joined = stacked && both;
  const [first = 'queries'] = given.map(({ name }) => name);
  return {
    given,
    tensors: joined ? stack(names.take('embeddings')) : given,
    givenGuides,
    guides: joined && loss.guide ? stack(names.take('guides')) : givenGuides,
    vectors: vectorsOf(loss, names),
    params: loss.params.map((declared) => ({ name: names.take(declared), declared })),
    hasCount: joined,
    ...countsOf(loss, { stacked, joined, first }),
  };
}

function countsOf({ between }: PairwiseLoss, { stacked, joined, first }: { readonly stacked: boolean; readonly joined: boolean; readonly first: string }): Pick<PythonArguments, 'queryCount' | 'keyCount'> {
  if (joined) return { queryCount: 'query_count', keyCount: 'embeddings.shape[0] - query_count' };
  if (!stacked) return { queryCount: 'queries.shape[0]', keyCount: 'keys.shape[0]' };
  return between.rows.includes('queries') ? { queryCount: `${first}.shape[0]`, keyCount: '0' } : { queryCount: '0', keyCount: `${first}.shape[0]` };
}

function vectorsOf(loss: PairwiseLoss, names: PythonNames): readonly Vector[] {
  const { between, attributes } = loss;
  const rows = vectorSide(between.rows);
  const cols = vectorSide(between.cols);
  // Of the same embeddings, rows and columns have the same attributes.
  const alike = rows.rows === cols.rows && rows.count === cols.count;
  const shared = Object.entries(attributes.rows).filter(([name, type]) => alike && attributes.cols[name] === type).map(([name]) => name);
  const own = (side: 'row' | 'col', extent: Extent): readonly Vector[] =>
    Object.entries(attributes[`${side}s`])
      .filter(([name]) => !shared.includes(name))
      .map(([name, type]) => ({ name: names.take(`${side}_${name}`), type, places: [place(`${side}s`, name)], ...extent, what: `attribute \`${name}\` of the ${side === 'row' ? 'rows' : 'columns'}` }));
  const common = shared.map((name): Vector => ({
    name: names.take(name),
    type: attributes.rows[name] ?? 'i32',
    places: [place('rows', name), place('cols', name)],
    ...rows,
    what: `attribute \`${name}\` of the embeddings`,
  }));
  const positives: readonly Vector[] =
    loss.positives.kind === 'indexMap' ? [{ name: names.take('positives'), type: 'i32', places: ['positives'], ...rows, what: "the column of each row's positive, -1 where it has none" }] : [];
  return [...common, ...own('row', rows), ...own('col', cols), ...positives];
}

/** A member of the struct of a side's attributes. */
function place(side: 'rows' | 'cols', attribute: string): string {
  return `${side}.${fieldName(attribute)}`;
}

interface Extent {
  readonly count: string;
  readonly rows: string;
}

function vectorSide(tensors: readonly Tensor[]): Extent {
  const counts = { queries: 'query_count', keys: 'key_count' };
  const letters = { queries: 'N', keys: 'M' };
  return { count: tensors.map((tensor) => counts[tensor]).join(' + '), rows: tensors.map((tensor) => letters[tensor]).join(' + ') };
}
