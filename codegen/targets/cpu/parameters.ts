import type { PlaceField } from '../../emit/places.js';
import type { Kernel, PlainParameter } from '../../plan/plan.js';

/** A kernel's entry point. */
export interface EntryPoint {
  readonly name: string;
  readonly file: string;
  readonly reads: readonly string[];
  /** Arrays of the rows' and columns' own numbers, which are read too. */
  readonly fields: readonly PlaceField[];
  /** Pointers that it writes through. */
  readonly writes: readonly string[];
}

const ints = [
  ...['rows', 'cols', 'row0', 'col0', 'n', 'm', 'count', 'tiles', 'pitch', 'rowPitch', 'colPitch', 'gradientPitch', 'channels', 'length'],
  ...['start', 'rowStart', 'colStart', 'split', 'firstQuery', 'firstKey', 'threads'],
];
const floats = ['offset', 'weight', 'sumFloor', 'gradientScale', 'gradientUnscale'];

/** What the pointers that are not to f32 point at. */
const elements: Readonly<Record<string, string>> = {
  queries: 'Element',
  keys: 'Element',
  guideQueries: 'Element',
  guideKeys: 'Element',
  x: 'Element',
  positive: 'int32_t',
  rowOfCol: 'int32_t',
  badRowPartial: 'int32_t',
  outOfRange: 'int32_t',
  empty: 'int32_t',
  unmatched: 'int32_t',
  lossPartial: 'double',
  values: 'double',
  params: 'double',
  tally: 'double',
  scalars: 'double',
};

function typeOf(name: string): PlainParameter['type'] {
  if (name === 'uniforms') return 'uniforms';
  if (ints.includes(name)) return 'i32';
  return floats.includes(name) ? 'f32' : 'pointer';
}

function cxxType(name: string, written: boolean): string {
  const type = typeOf(name);
  if (type === 'pointer') return `${written ? '' : 'const '}${elements[name] ?? 'float'}*`;
  return { i32: 'int', f32: 'float', uniforms: 'Uniforms' }[type];
}

export function kernelOf({ name, file, reads, fields, writes }: EntryPoint): Kernel {
  const own = [...reads, ...fields.map(({ parameter }) => parameter), ...writes, 'threads'];
  return {
    name,
    file,
    parameters: own.map((parameter) => ({ name: parameter, type: typeOf(parameter) })),
    grid: 1,
    threads: 1,
    sharedBytes: 0,
  };
}

/** What `_parameters.hbs` writes out: members in the order of the kernel's parameters. */
export interface ParameterStruct {
  readonly name: string;
  readonly struct: string;
  readonly parameters: readonly { readonly type: string; readonly name: string }[];
}

export function structOf({ name, reads, fields, writes }: EntryPoint): ParameterStruct {
  const members = (names: readonly string[], written: boolean) => names.map((own) => ({ type: cxxType(own, written), name: memberName(own) }));
  return {
    name,
    struct: name.charAt(0).toUpperCase() + name.slice(1),
    parameters: [
      ...members(reads, false),
      ...fields.map(({ parameter, type }) => ({ type: type === 'int' ? 'const int32_t*' : 'const float*', name: memberName(parameter) })),
      ...members([...writes, 'threads'], true),
    ],
  };
}

/** `rowPitch` is `row_pitch`; of `rowAttr_imageId` the user's own name stays: `row_attr_imageId`. */
export function memberName(parameter: string): string {
  const [own = '', ...rest] = parameter.split('_');
  return [own.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), ...rest].join('_');
}
