import type { KnobValue } from '../../dsl/choice.js';
import { InfinitileError, listNames, markSpan, showValue, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { isPass } from '../../dsl/knobs.js';
import type { KnobPlace } from '../../dsl/tiling.js';
import { keyOf, Planner, problemOf, settingOf, type Planned, type Setting, type SpaceRequest } from './candidates.js';
import { generator, product, shuffled } from './draw.js';
import { byKnob, inOrder, nameOf } from './name.js';
import type { Axis, Candidate, Space } from './space.js';

/** Settings of knobs that are judged together. */
type Settings = readonly Setting[];

/** Of a group of knobs, the ways to set them that are looked at. */
const mostOfAGroup = 4096;

/** Candidates that are listed unless a request says otherwise. */
const usualMost = 512;

/** A knob that the target sets by the others of its level, where it is left out: stages, as many as fit. */
const derived = 'stages';

/**
 * The legal ways to run a problem: what the tiling leaves open, turned within the target's limits and the workspace. The same
 * request gives the same space.
 *
 * @throws {InfinitileError} when the tiling is not legal whatever its open knobs are set to: INF3104, with each value and why it is refused.
 */
export function makeSpace(request: SpaceRequest): Space {
  const { target, tiling, run, seed = 0, most = usualMost } = request;
  const planner = new Planner(request);
  const first = firstLegal(request, planner);
  planner.require(first.tiling);
  const axes = axesOf([...(tiling.open ?? []), ...target.knobs(problemOf(request), tiling, run)], first);
  const groups = groupsOf(axes).map((group) => legalSettings(group, settingsOf(axes, first), planner, generator(seed)));
  const open = axes.map((axis) => ({ ...axis, values: axis.values.filter((value) => groups.some((group) => group.some((settings) => settings.some((setting) => isAbout(setting, axis) && setting.value === value)))) }));
  const named = open.filter(({ values }) => values.length > 1);

  const known = new Map<string, Candidate>();
  /** The candidate with these settings; the one that is known where its plan is the same. */
  const candidateOf = (planned: Planned): Candidate => {
    const key = keyOf(planned);
    const own = settingsOf(named, planned);
    const made = known.get(key) ?? { id: nameOf(own), tiling: planned.tiling, settings: byKnob(own), bound: planned.bound };
    known.set(key, made);
    return made;
  };
  const tryOut = (settings: Settings): Candidate | undefined => {
    const planned = planner.plan(settings);
    return 'bound' in planned ? candidateOf(planned) : undefined;
  };

  const usual = candidateOf(first);
  const candidates = new Set([usual]);
  for (const settings of spread(groups, most, generator(seed + 1))) {
    if (candidates.size >= most) break;
    const candidate = tryOut(settings);
    if (candidate !== undefined) candidates.add(candidate);
  }
  return {
    axes: named,
    usual,
    candidates: [...candidates],
    neighbours: (of) => [...new Set(stepsFrom(settingsOf(open, of), named).flatMap((steps) => steps.map(tryOut).find((found) => found !== undefined) ?? []))].filter((found) => found !== of),
  };
}

/** The tiling with the first values of its open knobs that are legal together. */
function firstLegal({ tiling, target }: SpaceRequest, planner: Planner): Planned {
  const open = tiling.open ?? [];
  const refused: { readonly settings: Settings; readonly diagnostics: readonly Diagnostic[] }[] = [];
  for (const settings of product(open.map(({ level, knob, values }) => values.map((value): Setting => ({ level, knob, value }))))) {
    const planned = planner.plan(settings);
    if ('bound' in planned) return planned;
    refused.push({ settings, diagnostics: planned.diagnostics });
    if (refused.length >= mostOfAGroup) break;
  }
  const [one] = refused;
  // What is wrong whatever the knobs say is wrong with the rest.
  const always = (one?.diagnostics ?? []).filter(({ message }) => refused.every(({ diagnostics }) => diagnostics.some((other) => other.message === message)));
  if (open.length === 0 || always.length > 0) throw new InfinitileError(always.length > 0 ? always : (one?.diagnostics ?? []));
  throw new InfinitileError(
    open.map(({ level, knob, values }): Diagnostic => {
      const reasons = values.map((value) => {
        const why = refused.find(({ settings }) => settings.some((setting) => isAbout(setting, { level, knob }) && setting.value === value))?.diagnostics[0]?.message;
        return `${showValue(value)}: ${why ?? 'not with the others'}`;
      });
      return { code: 'INF3104', message: `no value of ${level}.${knob} is legal on ${target.name}, of ${listNames(values.map(showValue))}`, hint: reasons.join('; '), ...markSpan(tiling.spans?.[level]) };
    }),
  );
}

/** The axes of a space, each with the value that it has where nothing is tuned. */
function axesOf(knobs: readonly Axis[], usual: Planned): readonly Axis[] {
  return inOrder(
    knobs.map(({ level, knob, values }) => {
      const own = settingOf(usual, { level, knob });
      const all = own === undefined || values.includes(own) ? values : [...values, own];
      return { level, knob, values: all.every((value) => typeof value === 'number') ? [...all].sort((a, b) => a - b) : all };
    }),
  );
}

function settingsOf(axes: readonly Axis[], { tiling, bound }: Planned): Settings {
  return axes.flatMap(({ level, knob }) => {
    const value = settingOf({ tiling, bound }, { level, knob });
    return value === undefined ? [] : [{ level, knob, value }];
  });
}

/** Knobs whose values are legal or not together: of the chunk, of the block and what lies in it, of each pass. */
function groupsOf(axes: readonly Axis[]): readonly (readonly Axis[])[] {
  const groupOf = (level: KnobPlace): string => (level === 'chunk' || isPass(level) ? level : 'block');
  return [...new Set(axes.map(({ level }) => groupOf(level)))].map((name) => axes.filter(({ level }) => groupOf(level) === name));
}

/** The ways to set a group that are legal while all else is as usual. */
function legalSettings(group: readonly Axis[], usual: Settings, planner: Planner, random: () => number): readonly Settings[] {
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

/** Settings of all groups: all, or first those that differ from the usual in one group, then mixed, each group's own as often as another. */
function* spread(groups: readonly (readonly Settings[])[], most: number, random: () => number): Generator<Settings> {
  if (groups.reduce((count, { length }) => count * length, 1) <= most) {
    for (const chosen of product(groups)) yield chosen.flat();
    return;
  }
  const usual = groups.map(([first = []]) => first);
  const share = Math.ceil(most / 2 / groups.length);
  for (const [place, group] of groups.entries()) for (const own of shuffled(group, random).slice(0, share)) yield usual.map((settings, i) => (i === place ? own : settings)).flat();
  for (let drawn = 0; drawn < most; ) {
    const decks = groups.map((group) => shuffled(group, random));
    for (let i = 0; i < Math.max(...decks.map(({ length }) => length)); i += 1, drawn += 1) yield decks.flatMap((deck) => deck[i % deck.length] ?? []);
  }
}

/** For each step along one axis, what is tried: the step alone, then with what follows from it left to the target. */
function stepsFrom(settings: Settings, axes: readonly Axis[]): readonly (readonly Settings[])[] {
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

function isAbout(setting: Omit<Setting, 'value'>, { level, knob }: Omit<Setting, 'value'>): boolean {
  return setting.level === level && setting.knob === knob;
}

function sameSettings(a: Settings, b: Settings): boolean {
  return a.length === b.length && a.every((setting) => b.some((other) => isAbout(setting, other) && setting.value === other.value));
}
