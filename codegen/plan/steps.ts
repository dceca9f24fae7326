import type { PositiveAttribute } from '../../dsl/attributes.js';
import { ofPositiveParameter } from '../emit/places.js';
import type { Pack } from '../targets/target.js';
import { at, extent, wholeAttributes, type Bindings } from './bindings.js';
import { readsGuide, type Needs } from './needs.js';
import type { Kernel, Step } from './plan.js';

/** A launch of a kernel, by its role or itself; `bindings`: what its parameters stand for where that is not the chunk's. */
export type Launcher = (kernel: string | Kernel, bindings?: Bindings) => Step;

/** What is known of single positives before the tiles: their logits and guides, by row and by column. */
export function ofPositives(needs: Needs, launch: Launcher): readonly Step[] {
  const { positives, ofPositive } = needs;
  if (!positives) return [];
  const gather = (name: PositiveAttribute): readonly Step[] =>
    ofPositive.col.includes(name) ? [launch('gather', { count: extent('m'), from: at(name), to: at(ofPositiveParameter('col', name)) })] : [];
  return [
    launch('positives', { ...wholeAttributes(needs), positive: at('positive') }),
    ...gather('positiveLogit'),
    ...(readsGuide(ofPositive) ? [launch('guidePositives', { positive: at('positive') }), ...gather('positiveGuide')] : []),
  ];
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
