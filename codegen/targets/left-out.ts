import type { KnobValue } from '../../dsl/choice.js';
import { knobOf } from '../../dsl/knobs.js';
import type { KnobPlace, Tiling } from '../../dsl/tiling.js';
import type { Knob } from './target.js';

/** Of a level's or a pass's knobs those that a tiling does not speak of. */
export function leftOut(tiling: Tiling, level: KnobPlace, values: Readonly<Record<string, readonly KnobValue[]>>): readonly Knob[] {
  return Object.entries(values).flatMap(([knob, tried]) => (knobOf(tiling, level, knob) === undefined && tried.length > 0 ? [{ level, knob, values: tried }] : []));
}

/** Sizes that differ where there are so many rows or columns: of those that hold them all, the smallest. */
export function upTo(length: number, sizes: readonly number[]): readonly number[] {
  return sizes.filter((_, i) => i === 0 || (sizes[i - 1] ?? 0) < length);
}
