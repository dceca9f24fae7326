import { isPass } from '../../dsl/knobs.js';
import type { KnobPlace } from '../../dsl/tiling.js';
import { settingOf, type Planned, type Planner } from './candidates.js';
import { product } from './draw.js';
import { inOrder } from './name.js';
import { isAbout, mostOfAGroup, sameSettings, type Setting, type Settings } from './settings.js';
import type { Axis } from './space.js';

/** The axes of a space, each with the value that it has where nothing is tuned. */
export function axesOf(knobs: readonly Axis[], usual: Planned): readonly Axis[] {
  return inOrder(
    knobs.map(({ level, knob, values }) => {
      const own = settingOf(usual, { level, knob });
      const all = own === undefined || values.includes(own) ? values : [...values, own];
      return { level, knob, values: all.every((value) => typeof value === 'number') ? [...all].sort((a, b) => a - b) : all };
    }),
  );
}

/** What a plan says on each axis. */
export function settingsOf(axes: readonly Axis[], { tiling, bound }: Planned): Settings {
  return axes.flatMap(({ level, knob }) => {
    const value = settingOf({ tiling, bound }, { level, knob });
    return value === undefined ? [] : [{ level, knob, value }];
  });
}

/** Knobs whose values are legal or not together: of the chunk, of the block and what lies in it, of each pass. */
export function groupsOf(axes: readonly Axis[]): readonly (readonly Axis[])[] {
  const groupOf = (level: KnobPlace): string => (level === 'chunk' || isPass(level) ? level : 'block');
  return [...new Set(axes.map(({ level }) => groupOf(level)))].map((name) => axes.filter(({ level }) => groupOf(level) === name));
}

/** The ways to set a group that are legal while all else is as usual. */
export function legalSettings(group: readonly Axis[], usual: Settings, planner: Planner, random: () => number): readonly Settings[] {
  const others = usual.filter((setting) => !group.some((axis) => isAbout(setting, axis)));
  const own = usual.filter((setting) => group.some((axis) => isAbout(setting, axis)));
  const all = settingsWithin(group.map(({ level, knob, values }) => values.map((value): Setting => ({ level, knob, value }))), random);
  return [own, ...all.filter((settings) => !sameSettings(settings, own) && planner.resolve([...others, ...settings]).tiling !== undefined)];
}

/** All of them, or so many that are drawn. */
function settingsWithin(lists: readonly (readonly Setting[])[], random: () => number): readonly Settings[] {
  if (lists.reduce((count, { length }) => count * length, 1) <= mostOfAGroup) return [...product(lists)];
  return Array.from({ length: mostOfAGroup }, () => lists.flatMap((list) => list[Math.floor(random() * list.length)] ?? []));
}
