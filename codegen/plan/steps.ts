import type { PositiveAttribute } from '../../dsl/attributes.js';
import { ofPositiveParameter } from '../emit/places.js';
import type { Pack } from '../targets/target.js';
import { at, extent, type Bindings } from './bindings.js';
import { readsGuide, type Needs } from './needs.js';
import type { Kernel, Step } from './plan.js';

/** A launch of a kernel, by its role or itself; `bindings`: what its parameters stand for where that is not the chunk's. */
export type Launcher = (kernel: string | Kernel, bindings?: Bindings) => Step;

/** What is known of single positives before the tiles: their logits and guides. */
export interface PositiveSteps {
  /** Infinity stands for a row without one. */
  readonly begin: readonly Step[];
  /** By row, of those among the columns at hand. */
  readonly tile: readonly Step[];
  /** By column, of the rows at hand. */
  readonly gather: readonly Step[];
}

export function ofPositives({ positives, ofPositive }: Needs, launch: Launcher): PositiveSteps {
  if (!positives) return { begin: [], tile: [], gather: [] };
  const names: readonly PositiveAttribute[] = ['positiveLogit', ...(readsGuide(ofPositive) ? (['positiveGuide'] as const) : [])];
  const kernels = { positiveLogit: 'positives', positiveGuide: 'guidePositives' } as const;
  const gathered = names.filter((name) => ofPositive.col.includes(name));
  return {
    begin: names.map((name) => fill(name, Infinity)),
    tile: names.map((name) => launch(kernels[name])),
    gather: gathered.map((name) => launch('gather', { count: extent('m'), from: at(name), to: at(ofPositiveParameter('col', name)) })),
  };
}

export function packsOf(packs: readonly Pack[], side: Pack['side'], pass: 'stats' | 'gradient', launch: Launcher): readonly Step[] {
  return packs.filter((pack) => pack.side === side && (pack.neededBy === pass || pack.neededBy === 'both')).map((pack) => launch(pack.kernel));
}

/** dQ += G K and dK += G^T Q; `own`: what an operand's buffer stands for where that is not the chunk's. */
export function accumulations(both: Kernel | undefined, launch: Launcher, own: Bindings = {}): readonly Step[] {
  return both === undefined ? [launch('accumulateQueries'), launch('accumulateKeys', own)] : [launch(both, own)];
}

export function loop(axis: 'rows' | 'cols', body: readonly Step[]): Step {
  return { kind: 'for', axis, body };
}

export function fill(buffer: string, value: number): Step {
  return { kind: 'fill', buffer, pattern: new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0 };
}

export function bits(buffer: string, pattern: number): Step {
  return { kind: 'fill', buffer, pattern };
}
