import { InfinitileError, listNames, markSpan, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { Planned, Planner, SpaceRequest } from './candidates.js';
import { product } from './draw.js';
import { isAbout, mostOfAGroup, type Setting, type Settings } from './settings.js';

interface Refused {
  readonly settings: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The plan of the tiling with the first values of its open knobs that are legal together.
 *
 * @throws {InfinitileError} when there are none.
 */
export function firstLegal(request: SpaceRequest, planner: Planner): Planned {
  const open = request.tiling.open ?? [];
  const refused: Refused[] = [];
  for (const settings of product(open.map(({ level, knob, values }) => values.map((value): Setting => ({ level, knob, value }))))) {
    const planned = planner.plan(settings);
    if ('bound' in planned) return planned;
    refused.push({ settings, diagnostics: planned.diagnostics });
    if (refused.length >= mostOfAGroup) break;
  }
  throw new InfinitileError(whyNone(request, refused));
}

/** What is wrong whatever the knobs say; else, for each knob, why each of its values is refused. */
function whyNone({ tiling: { open = [], spans }, target }: SpaceRequest, refused: readonly Refused[]): readonly Diagnostic[] {
  const [one] = refused;
  const always = (one?.diagnostics ?? []).filter(({ message }) => refused.every(({ diagnostics }) => diagnostics.some((other) => other.message === message)));
  if (always.length > 0) return always;
  return open.map(({ level, knob, values }): Diagnostic => {
    const reasons = values.map((value) => {
      const found = refused.find(({ settings }) => settings.some((setting) => isAbout(setting, { level, knob }) && setting.value === value));
      return `${value}: ${found?.diagnostics[0]?.message ?? 'not with the others'}`;
    });
    return { code: 'INF3104', message: `no value of ${level}.${knob} is legal on ${target.name}: ${listNames(values.map(String))}`, hint: reasons.join('; '), ...markSpan(spans?.[level]) };
  });
}
