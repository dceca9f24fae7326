import type { KnobValue } from '../../dsl/choice.js';
import { isAbout, type Settings } from './settings.js';
import type { Axis } from './space.js';

/** A knob that the target sets by the others of its level, where it is left out: stages, as many as fit. */
const derived = 'stages';

/** For each step along one axis, what is tried: the step alone, then with what follows from it left to the target. */
export function stepsFrom(settings: Settings, axes: readonly Axis[]): readonly (readonly Settings[])[] {
  return axes.flatMap((axis) => {
    const at = settings.find((setting) => isAbout(setting, axis));
    if (at === undefined) return [];
    return nextValues(axis, at.value).map((value) => {
      const stepped = settings.map((setting) => (setting === at ? { ...at, value } : setting));
      return axis.knob === derived ? [stepped] : [stepped, stepped.filter(({ level, knob }) => level !== axis.level || knob !== derived)];
    });
  });
}

/** Numbers have neighbours; of words each is next to all others. */
function nextValues({ values }: Axis, value: KnobValue): readonly KnobValue[] {
  if (typeof value === 'string') return values.filter((other) => other !== value);
  const place = values.indexOf(value);
  return [values[place - 1], values[place + 1]].filter((next) => next !== undefined);
}
