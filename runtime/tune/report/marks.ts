import type { Layer } from './chart.js';

/** What a mark stands for. */
export type Role = 'untimed' | 'failed' | 'candidate' | 'first' | 'usual' | 'winner';

export interface Look {
  readonly says: string;
  /** A path in the square from -1 to 1. */
  readonly shape: string;
  readonly filled: boolean;
  /** Square pixels of that square. */
  readonly size: number;
}

const circle = 'M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z';

/** How marks look, in all charts, those on top last. A colour is the page's custom property of the role's name. */
export const looks: Readonly<Record<Role, Look>> = {
  untimed: { says: 'not timed: where the model expects it', shape: circle, filled: false, size: 22 },
  failed: { says: 'failed: where the model expected it', shape: 'M-1,-1L1,1M-1,1L1,-1', filled: false, size: 40 },
  candidate: { says: 'timed', shape: circle, filled: true, size: 48 },
  first: { says: 'the model’s first choice', shape: 'M0,-1L1,0.8L-1,0.8Z', filled: false, size: 380 },
  usual: { says: 'the usual tiling', shape: 'M-1,-1L1,-1L1,1L-1,1Z', filled: false, size: 170 },
  winner: { says: 'what was chosen', shape: 'M0,-1L0.8,0L0,1L-0.8,0Z', filled: true, size: 190 },
};

export const roles: readonly Role[] = ['untimed', 'failed', 'candidate', 'first', 'usual', 'winner'];

/** A look in the legend. */
export interface LegendEntry {
  readonly role: Role;
  readonly says: string;
  readonly shape: string;
  readonly scale: number;
  readonly fill: string;
  readonly stroke: string;
}

export function legendOf(shown: readonly Role[]): readonly LegendEntry[] {
  return [...roles].reverse()
    .filter((role) => shown.includes(role))
    .map((role) => ({ role, says: looks[role].says, shape: looks[role].shape, scale: Math.sqrt(looks[role].size) / 2, ...paintOf(role) }));
}

function paintOf(role: Role): { readonly fill: string; readonly stroke: string } {
  return looks[role].filled ? { fill: `var(--${role})`, stroke: 'var(--surface)' } : { fill: 'transparent', stroke: `var(--${role})` };
}

export interface Mark {
  readonly role: Role;
  readonly x: number | string;
  readonly y: number;
  /** Told where it is pointed at. */
  readonly label: string;
}

/** A layer for each role that there are marks of. */
export function markLayers(marks: readonly Mark[]): readonly Layer[] {
  return roles.flatMap((role): readonly Layer[] => {
    const values = marks.filter((mark) => mark.role === role).map(({ x, y, label }) => ({ x, y, label }));
    if (values.length === 0) return [];
    const { shape, filled, size } = looks[role];
    return [{ data: { values }, mark: { type: 'point', shape, size, opacity: 1, strokeWidth: filled ? 1 : 2, ...paintOf(role) }, encoding: { description: { field: 'label', type: 'nominal' } } }];
  });
}
