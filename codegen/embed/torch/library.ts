import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Problem } from '../../plan/problem.js';
import { argumentsOf, type Member } from '../c/arguments.js';
import { abiVersion } from '../c/library.js';
import type { LibraryNames } from '../c/names.js';
import type { PythonArguments } from './arguments.js';
import { fieldName } from './names.js';

/** What `_library.py.hbs` is given: the header's structs in ctypes. */
export function libraryContext(problem: Problem, names: LibraryNames, python: PythonArguments): object {
  const { loss } = problem;
  const given = argumentsOf(problem, names);
  const fieldOf = ({ type, name }: Member): object => ({ name, type: typeOf(type, name, names) });
  return {
    abi: abiVersion,
    sides: (['rows', 'cols'] as const).flatMap((side) => sideContext(loss, side)),
    paramFields: fields(python.params.map(({ name }) => name), 'c_double'),
    paramPlaces: fields(python.params.map(({ name }) => name), 'c_void_p'),
    inputFields: given.inputs.map(fieldOf),
    gradientFields: given.outputs.map(fieldOf),
  };
}

function sideContext({ attributes }: PairwiseLoss, side: 'rows' | 'cols'): readonly object[] {
  const own = Object.keys(attributes[side]).map(fieldName);
  return own.length === 0 ? [] : [{ type: sideTypes[side], fields: fields(own, 'Vector') }];
}

const sideTypes = { rows: 'Rows', cols: 'Cols' } as const;

function fields(names: readonly string[], type: string): string {
  return names.map((name) => `("${name}", ${type})`).join(', ');
}

/** A type of the header. */
function typeOf(type: string, name: string, { prefix }: LibraryNames): string {
  if (name === 'rows' || name === 'cols') return sideTypes[name];
  const found = new Map([
    ['int64_t', 'c_int64'],
    [`${prefix}_matrix`, 'Matrix'],
    [`${prefix}_output`, 'Output'],
    [`${prefix}_ints`, 'Vector'],
    [`${prefix}_floats`, 'Vector'],
    [`${prefix}_params`, 'Params'],
  ]).get(type);
  if (found === undefined) throw new Error(`'${type}' of the header has no type in Python`);
  return found;
}
