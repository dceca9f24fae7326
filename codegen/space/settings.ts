import type { KnobValue } from '../../dsl/choice.js';
import type { KnobPlace } from '../../dsl/tiling.js';

/** A knob set to a value. */
export interface Setting {
  readonly level: KnobPlace;
  readonly knob: string;
  readonly value: KnobValue;
}

export type Settings = readonly Setting[];

/** Whether both are of one knob. */
export function isAbout(setting: Omit<Setting, 'value'>, { level, knob }: Omit<Setting, 'value'>): boolean {
  return setting.level === level && setting.knob === knob;
}

export function sameSettings(a: Settings, b: Settings): boolean {
  return a.length === b.length && a.every((setting) => b.some((other) => isAbout(setting, other) && setting.value === other.value));
}

/** Of a group of knobs, or of all that a tiling opens, the ways to set them that are looked at. */
export const mostOfAGroup = 4096;
