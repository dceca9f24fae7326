import type { SideContext } from '../../emit/context.js';
import type { PlaceField } from '../../emit/places.js';
import { memberName } from './parameters.js';

/** A field of `Row`, `Col` and their like: its types in C++, and the member of a kernel's arguments that holds its array. */
export interface FieldView {
  readonly name: string;
  readonly vector: 'vi' | 'vf';
  readonly scalar: 'int' | 'float';
  readonly member: string;
}

export function fieldViews(fields: readonly PlaceField[]): readonly FieldView[] {
  return fields.map(({ name, type, parameter }) => ({ name, vector: type === 'int' ? 'vi' : 'vf', scalar: type, member: memberName(parameter) }));
}

/** A side with these fields. */
export function placeView(side: SideContext, fields: readonly PlaceField[]): object {
  return { ...side, fields: fieldViews(fields) };
}
