import { axesOf, groupsOf, legalSettings, settingsOf } from './axes.js';
import { keyOf, Planner, problemOf, type Planned, type SpaceRequest } from './candidates.js';
import { generator } from './draw.js';
import { firstLegal } from './first-legal.js';
import { byKnob, nameOf } from './name.js';
import { isAbout, type Settings } from './settings.js';
import type { Candidate, Space } from './space.js';
import { spread } from './spread.js';
import { stepsFrom } from './steps.js';

/** Candidates that are listed unless a request says otherwise. */
const usualMost = 512;

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
