import type { PlaceField } from '../../emit/places.js';
import type { Parameter } from '../../plan/plan.js';

/** A kernel's parameters, in order: names that the plan binds, and their declarations in CUDA C++. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  readonly text: string;
}

export interface Declared {
  readonly parameter: Parameter;
  readonly text: string;
}

export function signature(...declared: readonly (Declared | readonly Declared[])[]): Signature {
  const all = declared.flat();
  return { parameters: all.map(({ parameter }) => parameter), text: all.map(({ text }) => text).join(',\n    ') };
}

export const int = (name: string): Declared => ({ parameter: { name, type: 'i32' }, text: `int ${name}` });

export const float = (name: string): Declared => ({ parameter: { name, type: 'f32' }, text: `float ${name}` });

/** Memory that the kernel only reads. */
export const read = (element: string, name: string): Declared => ({
  parameter: { name, type: 'pointer' },
  text: `const ${element}* __restrict__ ${name}`,
});

/** Memory that the kernel writes. */
export const write = (element: string, name: string): Declared => ({
  parameter: { name, type: 'pointer' },
  text: `${element}* __restrict__ ${name}`,
});

export const uniforms: Declared = { parameter: { name: 'uniforms', type: 'uniforms' }, text: 'const Uniforms uniforms' };

export const when = (condition: boolean, ...declared: readonly Declared[]): readonly Declared[] => (condition ? declared : []);

export const arrays = (fields: readonly PlaceField[]): readonly Declared[] => fields.map(({ type, parameter }) => read(type, parameter));
