import type { KnobValue } from '../../dsl/choice.js';
import { levelNames, passNames } from '../../dsl/tiling-checks.js';
import type { Axis } from './space.js';
import type { Setting } from './settings.js';

/** Settings in one line, level by level: `chunk 4096x4096, block 192x1024x256`. Words stand for themselves, other knobs after their names. */
export function nameOf(settings: readonly Setting[]): string {
  const places = ['ring', 'chunk', 'block', ...passNames, 'register', 'instruction'] as const;
  return places.flatMap((place) => {
    const own = settings.filter(({ level }) => level === place);
    return own.length === 0 ? [] : [`${place} ${printLevel(new Map(own.map(({ knob, value }) => [knob, value])))}`];
  }).join(', ');
}

function printLevel(knobs: ReadonlyMap<string, KnobValue>): string {
  const sides = knobs.has('rows') && knobs.has('cols') ? sizes.filter((knob) => knobs.has(knob)) : [];
  const size = sides.map((knob) => knobs.get(knob)).join('x');
  const others = [...knobs].filter(([knob]) => !sides.includes(knob)).map(([knob, value]) => (typeof value === 'string' ? value : `${knob} ${value}`));
  return [...(size === '' ? [] : [size]), ...others].join(' ');
}

const sizes = ['rows', 'cols', 'depth'];

/** What it says for each axis, by `level.knob`. */
export function byKnob(settings: readonly Setting[]): Readonly<Record<string, KnobValue>> {
  return Object.fromEntries(settings.map(({ level, knob, value }) => [`${level}.${knob}`, value]));
}

/** As people read levels: outermost first. */
export function inOrder(axes: readonly Axis[]): readonly Axis[] {
  const place = ({ level }: Axis): number => [...levelNames.slice(0, 3), ...passNames, ...levelNames.slice(3)].indexOf(level);
  return [...axes].sort((a, b) => place(a) - place(b));
}
