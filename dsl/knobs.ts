import type { KnobValue } from './choice.js';
import { passNames } from './tiling-checks.js';
import type { KnobPlace, PassName, Tiling } from './tiling.js';

/** What a tiling says of a knob; undefined where it leaves it out. */
export function knobOf(tiling: Tiling, place: KnobPlace, knob: string): KnobValue | undefined {
  const level: object | undefined = isPass(place) ? tiling.passes?.[place] : tiling[place];
  const value: unknown = new Map<string, unknown>(Object.entries(level ?? {})).get(knob);
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** The tiling with a knob set, and no longer open. */
export function withKnob(tiling: Tiling, place: KnobPlace, knob: string, value: KnobValue): Tiling {
  const { open: before = [], ...levels } = tiling;
  const open = before.filter((other) => other.level !== place || other.knob !== knob);
  const set = isPass(place) ? { passes: { ...tiling.passes, [place]: { ...tiling.passes?.[place], [knob]: value } } } : { [place]: { ...tiling[place], [knob]: value } };
  const made: Tiling = { ...levels, ...set, ...(open.length === 0 ? {} : { open }) };
  return withSpans(made, tiling);
}

/** The tiling, written where another was. Not enumerable, and read when it is asked for. */
export function withSpans(made: Tiling, of: Tiling): Tiling {
  return Object.defineProperty(made, 'spans', { get: () => of.spans, enumerable: false });
}

export function isPass(place: KnobPlace): place is PassName {
  return passNames.some((pass) => pass === place);
}
