import { attributeParameter } from '../../emit/places.js';
import type { Problem } from '../../plan/problem.js';
import { argumentsOf } from '../c/arguments.js';
import { memberName, type LibraryNames } from '../c/names.js';
import type { PackageInterface, TensorArgument } from './interface.js';

/** What the addon's templates are given: arrays in the order of `inputs.js`, and where the library's structs have them. */
export function addonContext(problem: Problem, names: LibraryNames, given: PackageInterface) {
  const { matrices, gradients, vectors } = argumentsOf(problem, names);
  const paired = given.stacked && given.tensors.length === 2;
  const arrays = arraysOf(given, problem.precision === 'f32' ? 4 : 2, paired);
  const own = [...matrixArrays(given.tensors, '', paired), ...matrixArrays(given.guides, 'guide_', paired)];
  const counted = (name: 'q' | 'k'): string => (given.tensors.some((tensor) => tensor.name === name) ? `layout->count[array_${name}] / ${names.macro}_DIM` : '((void)layout, 0)');
  return {
    arrays: arrays.map(({ name }) => name),
    elementBytes: arrays.map(({ bytes }) => bytes),
    behind: arrays.map(({ behind }) => behind),
    outputCount: gradients.length,
    outputs: gradients.map(({ name }) => name),
    matrices: matrices.map(({ name, depth }, i) => ({ name, depth, ...own[i] })),
    argumentNames: argumentNames(given),
    stackedPair: paired,
    vectors: vectors.map(({ path, type, name }) => ({ path, type: type === 'ints' ? 'int32_t' : 'float', array: name })),
    paramCount: given.params.length,
    params: given.params.map((name) => ({ name, member: memberName(name) })),
    queryCount: counted('q'),
    keyCount: counted('k'),
  };
}

/** How the library calls tensors in its messages, and users do. */
function argumentNames({ stacked, tensors }: PackageInterface): readonly { readonly library: string; readonly own: string }[] {
  if (stacked) return [{ library: 'embeddings', own: tensors.map(({ name }) => name).join(' and behind it ') }];
  return [{ library: 'queries', own: 'q' }, { library: 'keys', own: 'k' }];
}

interface GivenArray {
  readonly name: string;
  readonly bytes: number;
  readonly behind: boolean;
}

function arraysOf({ tensors, guides, rows, cols, indexMap }: PackageInterface, bytes: number, paired: boolean): readonly GivenArray[] {
  const matrix = (prefix: string) => ({ name }: TensorArgument, i: number): GivenArray => ({ name: prefix + name, bytes, behind: paired && i === 1 });
  const vector = (side: 'row' | 'col') => ({ name }: { readonly name: string }): GivenArray => ({ name: attributeParameter(side, name), bytes: 4, behind: false });
  return [
    ...tensors.map(matrix('')),
    ...guides.map(matrix('guide_')),
    ...rows.map(vector('row')),
    ...cols.map(vector('col')),
    ...(indexMap ? [{ name: 'positives', bytes: 4, behind: false }] : []),
  ];
}

/** A matrix of the library: the array that it begins with, and how many numbers it has. */
function matrixArrays(tensors: readonly TensorArgument[], prefix: string, paired: boolean): readonly { readonly first: string; readonly numbers: string }[] {
  const places = tensors.map(({ name }) => ({ first: prefix + name, numbers: `layout->count[array_${prefix}${name}]` }));
  const [first] = places;
  return paired && first !== undefined ? [{ ...first, numbers: places.map(({ numbers }) => numbers).join(' + ') }] : places;
}
