import type { Kernel, Parameter } from '../../plan/plan.js';

/** A kernel's entry point: its parameters in the order of the C++ struct that unpacks them. */
export interface EntryPoint {
  readonly name: string;
  readonly file: string;
  readonly parameters: readonly string[];
  /** Those of the pointers that it writes through. */
  readonly writes: readonly string[];
}

const ints = ['rows', 'cols', 'row0', 'col0', 'n', 'm', 'count', 'tiles', 'pitch', 'rowPitch', 'colPitch', 'gradientPitch', 'threads'];
const floats = ['offset', 'weight', 'sumFloor', 'gradientScale', 'gradientUnscale'];

/** What the pointers that are not to f32 point at. */
const elements: Readonly<Record<string, string>> = {
  queries: 'Element',
  keys: 'Element',
  allQueries: 'Element',
  allKeys: 'Element',
  x: 'Element',
  positive: 'int32_t',
  badRowPartial: 'int32_t',
  outOfRange: 'int32_t',
  positiveLoss: 'double',
  lossPartial: 'double',
  scalars: 'double',
};

function typeOf(name: string): Parameter['type'] {
  if (name === 'uniforms') return 'uniforms';
  if (ints.includes(name)) return 'i32';
  return floats.includes(name) ? 'f32' : 'pointer';
}

function cxxType(name: string, written: boolean): string {
  const type = typeOf(name);
  if (type === 'pointer') return `${written ? '' : 'const '}${elements[name] ?? 'float'}*`;
  return { i32: 'int', f32: 'float', uniforms: 'Uniforms' }[type];
}

export function kernelOf({ name, file, parameters }: EntryPoint): Kernel {
  return {
    name,
    file,
    parameters: parameters.map((parameter) => ({ name: parameter, type: typeOf(parameter) })),
    grid: 1,
    threads: 1,
    sharedBytes: 0,
  };
}

/** What `_parameters.hbs` writes out. */
export interface ParameterStruct {
  readonly name: string;
  readonly struct: string;
  readonly parameters: readonly { readonly type: string; readonly name: string }[];
}

export function structOf({ name, parameters, writes }: EntryPoint): ParameterStruct {
  return {
    name,
    struct: name.charAt(0).toUpperCase() + name.slice(1),
    parameters: parameters.map((parameter) => ({
      type: cxxType(parameter, writes.includes(parameter)),
      name: parameter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    })),
  };
}
