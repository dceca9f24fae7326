import { generator } from '../../codegen/space/draw.js';
import type { Effort } from './result.js';

/** Of a quick search: so many that the model puts first, and so many from all over the space. */
export interface PoolSize {
  readonly first: number;
  readonly spread: number;
}

/** Builds take longer than runs on a CPU, and keep its cores from them. */
export const quickPool: Readonly<Record<'cpu' | 'cuda', PoolSize>> = { cpu: { first: 12, spread: 4 }, cuda: { first: 40, spread: 16 } };

/**
 * Candidates to be timed, of all in the order of the model. Those of the spread are drawn by the seed, one from each of as many
 * equal parts of the order, so that a model that is wrong is found out.
 */
export function choosePool(ordered: readonly string[], effort: Exclude<Effort, 'none'>, size: PoolSize, seed: number): readonly string[] {
  if (effort === 'full') return ordered;
  const [first, rest] = [ordered.slice(0, size.first), ordered.slice(size.first)];
  const parts = Math.min(size.spread, rest.length);
  const random = generator(seed);
  const drawn = Array.from({ length: parts }, (_, part) => rest.slice(Math.floor((part * rest.length) / parts), Math.floor(((part + 1) * rest.length) / parts)));
  return [...first, ...drawn.flatMap((part) => part[Math.floor(random() * part.length)] ?? [])];
}
