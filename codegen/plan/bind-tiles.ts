import type { BoundPlan } from './bind.js';
import { elementBytes } from './plan.js';

/** A rank's plan, bound to its own columns and to those of every shard that comes by. */
export interface BoundTiles {
  /** To its own; its workspace serves all. */
  readonly own: BoundPlan;
  /** By how many columns a shard has. */
  readonly tiles: ReadonlyMap<number, BoundPlan>;
}

/** `bindTo` binds the plan to so many columns; a chunk of fewer may take more workspace, as pieces are made even. */
export function bindTiles(bindTo: (cols: number) => BoundPlan, ownCols: number, shards: readonly number[]): BoundTiles {
  const tiles = new Map([...new Set([ownCols, ...shards])].map((cols) => [cols, bindTo(cols)]));
  const own = tiles.get(ownCols) ?? bindTo(ownCols);
  const buffers = own.buffers.map((buffer) => {
    if (buffer.role !== 'workspace') return buffer;
    const elements = Math.max(...[...tiles.values()].map((tile) => tile.buffers.find(({ name }) => name === buffer.name)?.elements ?? 0));
    return { ...buffer, elements, bytes: elements * elementBytes[buffer.element] };
  });
  const workspaceBytes = buffers.filter(({ role }) => role === 'workspace').reduce((sum, { bytes }) => sum + bytes, 0);
  return { own: { ...own, buffers, workspaceBytes }, tiles };
}
