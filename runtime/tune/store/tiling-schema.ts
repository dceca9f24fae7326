import { z } from 'zod';
import { checkKnobs, levelNames, passNames } from '../../../dsl/tiling-checks.js';
import type { KnobPlace, Tiling } from '../../../dsl/tiling.js';

/** A tiling as JSON: what its levels say is checked as if it were written. */
export const tilingSchema = z.custom<Tiling>(isTiling, 'it is no tiling, or a level has a knob that there is not');

function isTiling(value: unknown): value is Tiling {
  if (!isRecord(value) || value['kind'] !== 'tiling' || typeof value['name'] !== 'string') return false;
  const { passes = {} } = value;
  return isRecord(passes) && Object.keys(passes).every((name) => passNames.some((pass) => pass === name)) && right(levelNames, value) && right(passNames, passes);
}

/** Whether the levels that are there are right. */
function right(places: readonly KnobPlace[], levels: Readonly<Record<string, unknown>>): boolean {
  return places.every((place) => {
    const level = levels[place];
    return level === undefined || (isRecord(level) && checkKnobs(place, new Map(Object.entries(level).map(([knob, set]) => [knob, [set]]))).length === 0);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
