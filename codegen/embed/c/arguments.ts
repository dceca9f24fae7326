import type { AttributeType, PairwiseLoss } from '../../../dsl/loss.js';
import { attributeParameter } from '../../emit/places.js';
import { isStacked, needsOf } from '../../plan/needs.js';
import type { Problem } from '../../plan/problem.js';
import { memberName, type LibraryNames } from './names.js';
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

export function argumentsOf({ loss, guideDim = 0, dim, reports }: Problem, { prefix, macro }: LibraryNames, buffers: ReadonlySet<string>): Arguments {
  const stacked = isStacked(loss);
  const needs = needsOf(loss, reports);
  const uses = (tensor: 'queries' | 'keys'): boolean => loss.between.rows.includes(tensor) || loss.between.cols.includes(tensor);
  const both = uses('queries') && uses('keys');
  const tensors = stacked ? (['embeddings'] as const) : (['queries', 'keys'] as const);
  const guides = needs.guide ? (stacked ? ['guides'] : ['guideQueries', 'guideKeys']) : [];
  const member = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const params = loss.params.map(memberName);
  const what = (name: string): string => (name === 'embeddings' || name === 'guides' ? (both ? ', the queries and behind them the keys' : '') : '');
  const matrix = (name: string, depth: number): Member => ({ what: `${title(name)} [${counted(name, loss)}, ${depth}]${what(name)}.`, type: `${prefix}_matrix`, name: member(name) });
  const paramMember: readonly Member[] = params.length === 0 ? [] : [{ what: 'The learned scalars.', type: `${prefix}_params`, name: 'params' }];
  const vectors = vectorsOf(loss, buffers);
  return {
    inputs: [
      ...tensors.map((name) => matrix(name, dim)),
      ...(stacked && both ? [{ what: 'How many of the embeddings are queries.', type: 'int64_t', name: 'queries' }] : []),
      ...guides.map((name) => ({ ...matrix(name, guideDim), what: `${matrix(name, guideDim).what} Whether its values are finite is not looked at.` })),
      ...attributeMembers(loss, prefix),
      ...(loss.positives.kind === 'indexMap' ? [{ what: 'The column of each row\'s positive, -1 where it has none.', type: `${prefix}_ints`, name: 'positives' }] : []),
      ...paramMember,
    ],
    outputs: [...tensors.map((name) => ({ what: `Of the ${name}, as many rows of ${dim}.`, type: `${prefix}_output`, name: member(name) })), ...paramMember.map((own) => ({ ...own, what: 'Of the learned scalars.' }))],
    matrices: [
      ...tensors.map((name) => ({ name: member(name), depth: `${macro}_DIM`, buffer: bufferName(name) })),
      ...guides.map((name) => ({ name: member(name), depth: `${macro}_GUIDE_DIM`, buffer: bufferName(name) })),
    ],
    guides: guides.map((name, i) => ({ name: member(name), of: tensors[i] ?? 'embeddings' })),
    gradients: tensors.map((name) => ({ name: member(name), like: member(name), buffer: bufferName(`d${title(name)}`) })),
    vectors,
    params,
    queryCount: !stacked ? 'inputs->queries.rows' : both ? 'inputs->queries' : uses('queries') ? 'inputs->embeddings.rows' : '0',
    keyCount: !stacked ? 'inputs->keys.rows' : both ? 'inputs->embeddings.rows - inputs->queries' : uses('keys') ? 'inputs->embeddings.rows' : '0',
  };
}

/** `guideQueries` is `GuideQueries`. */
function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function counted(name: string, { between }: PairwiseLoss): string {
  if (name !== 'embeddings' && name !== 'guides') return /ueries/.test(name) ? 'N' : 'M';
  return between.rows.length + between.cols.length > 2 ? 'N + M' : 'N';
}

const vectorTypes: Readonly<Record<AttributeType, 'ints' | 'floats'>> = { i32: 'ints', f32: 'floats' };

function vectorsOf(loss: PairwiseLoss, buffers: ReadonlySet<string>): readonly Vector[] {
  const attributes = (['row', 'col'] as const).flatMap((side) =>
    Object.entries(loss.attributes[`${side}s`]).map(([name, type]): Vector => {
      const parameter = attributeParameter(side, name);
      // What only the host reads has no buffer of the plans; it has a place among them all the same.
      return { path: `${side}s.${memberName(name)}`, type: vectorTypes[type], count: side === 'row' ? 'n' : 'm', buffer: bufferName(parameter), name: parameter };
    }),
  );
  if (loss.positives.kind !== 'indexMap' || !buffers.has('positive')) return attributes;
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
