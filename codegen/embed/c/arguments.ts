import type { AttributeType, PairwiseLoss, Tensor } from '../../../dsl/loss.js';
import { attributeParameter } from '../../emit/places.js';
import { isStacked } from '../../plan/needs.js';
import type { Problem } from '../../plan/problem.js';
import { capitalised, memberName, snakeCase, type LibraryNames } from './names.js';
import { bufferName } from './walk.js';

/** What callers of an exported library give, as the loss declares it. */
export interface Arguments {
  /** Members of the inputs and of the gradients, in the order of the header. */
  readonly inputs: readonly Member[];
  readonly outputs: readonly Member[];
  readonly matrices: readonly { readonly name: string; readonly depth: string; readonly buffer: string }[];
  readonly guides: readonly { readonly name: string; readonly of: string }[];
  readonly gradients: readonly { readonly name: string; readonly like: string; readonly buffer: string }[];
  readonly vectors: readonly Vector[];
  readonly params: readonly string[];
  /** How many queries and keys there are, in C. */
  readonly queryCount: string;
  readonly keyCount: string;
}

export interface Member {
  readonly what: string;
  readonly type: string;
  readonly name: string;
}

export interface Vector {
  /** As it is reached from the inputs: `rows.label`. */
  readonly path: string;
  readonly type: 'ints' | 'floats';
  /** The member of a shape that says how many. */
  readonly count: 'n' | 'm';
  readonly buffer: string;
  /** Name of its interval. */
  readonly name: string;
}

export function argumentsOf({ loss, guideDim = 0, dim }: Problem, { prefix, macro }: LibraryNames): Arguments {
  const stacked = isStacked(loss);
  const uses = (tensor: Tensor): boolean => loss.between.rows.includes(tensor) || loss.between.cols.includes(tensor);
  const both = uses('queries') && uses('keys');
  const tensors = stacked ? [stackOf('embeddings', both)] : [{ name: 'queries', count: 'N', note: '' }, { name: 'keys', count: 'M', note: '' }];
  const guides = !loss.guide ? [] : stacked ? [stackOf('guides', both)] : [{ name: 'guideQueries', count: 'N', note: '' }, { name: 'guideKeys', count: 'M', note: '' }];
  const params = loss.params.map(memberName);
  const matrix = ({ name, count, note }: Embeddings, depth: number): Member => ({ what: `${capitalised(name)} [${count}, ${depth}]${note}.`, type: `${prefix}_matrix`, name: snakeCase(name) });
  const scalars = (what: string): readonly Member[] => (params.length === 0 ? [] : [{ what, type: `${prefix}_params`, name: 'params' }]);
  const taken = (depth: string) => ({ name }: Embeddings) => ({ name: snakeCase(name), depth, buffer: bufferName(name) });
  return {
    inputs: [
      ...tensors.map((one) => matrix(one, dim)),
      ...(stacked && both ? [{ what: 'How many of the embeddings are queries.', type: 'int64_t', name: 'queries' }] : []),
      ...guides.map((one) => matrix({ ...one, note: `${one.note}; whether its values are finite is not looked at` }, guideDim)),
      ...attributeMembers(loss, prefix),
      ...(loss.positives.kind === 'indexMap' ? [{ what: "The column of each row's positive, -1 where it has none.", type: `${prefix}_ints`, name: 'positives' }] : []),
      ...scalars('The learned scalars.'),
    ],
    outputs: [...tensors.map(({ name }) => ({ what: `Of the ${name}, as many rows of ${dim}.`, type: `${prefix}_output`, name })), ...scalars('Of the learned scalars.')],
    matrices: [...tensors.map(taken(`${macro}_DIM`)), ...guides.map(taken(`${macro}_GUIDE_DIM`))],
    guides: guides.map(({ name }, i) => ({ name: snakeCase(name), of: tensors[i]?.name ?? 'embeddings' })),
    gradients: tensors.map(({ name }) => ({ name, like: name, buffer: bufferName(`d${capitalised(name)}`) })),
    vectors: vectorsOf(loss),
    params,
    ...countsOf({ stacked, both, queries: uses('queries') }),
  };
}

interface Embeddings {
  /** Of the plan's buffer. */
  readonly name: string;
  readonly count: string;
  readonly note: string;
}

function stackOf(name: string, both: boolean): Embeddings {
  return { name, count: both ? 'N + M' : 'N', note: both ? ', the queries and behind them the keys' : '' };
}

function countsOf({ stacked, both, queries }: { readonly stacked: boolean; readonly both: boolean; readonly queries: boolean }): Pick<Arguments, 'queryCount' | 'keyCount'> {
  if (!stacked) return { queryCount: 'inputs->queries.rows', keyCount: 'inputs->keys.rows' };
  const all = 'inputs->embeddings.rows';
  if (both) return { queryCount: 'inputs->queries', keyCount: `${all} - inputs->queries` };
  return queries ? { queryCount: all, keyCount: '0' } : { queryCount: '0', keyCount: all };
}

const vectorTypes: Readonly<Record<AttributeType, 'ints' | 'floats'>> = { i32: 'ints', f32: 'floats' };

function vectorsOf(loss: PairwiseLoss): readonly Vector[] {
  const attributes = (['row', 'col'] as const).flatMap((side) =>
    Object.entries(loss.attributes[`${side}s`]).map(([name, type]): Vector => {
      const parameter = attributeParameter(side, name);
      return { path: `${side}s.${memberName(name)}`, type: vectorTypes[type], count: side === 'row' ? 'n' : 'm', buffer: bufferName(parameter), name: parameter };
    }),
  );
  if (loss.positives.kind !== 'indexMap') return attributes;
  return [...attributes, { path: 'positives', type: 'ints', count: 'n', buffer: bufferName('positive'), name: 'positives' }];
}

function attributeMembers({ attributes }: PairwiseLoss, prefix: string): readonly Member[] {
  return (['rows', 'cols'] as const).flatMap((side) => {
    const own = Object.entries(attributes[side]);
    if (own.length === 0) return [];
    const members = own.map(([name, type]) => `${prefix}_${vectorTypes[type]} ${memberName(name)};`).join(' ');
    return [{ what: `Attributes of the ${side === 'rows' ? 'rows' : 'columns'}, a number for each.`, type: `struct { ${members} }`, name: side }];
  });
}
