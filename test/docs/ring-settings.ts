import { sentBytesOf } from '../../codegen/ring/bytes.js';
import type { Cluster } from '../../codegen/ring/cluster.js';
import { layOut, splitEvenly } from '../../codegen/ring/layout.js';
import { softmaxCosts, type PassCosts } from '../../codegen/ring/row-bytes.js';
import { passes, type Ring } from '../../codegen/ring/schedule.js';
import { simulate, type Simulation } from '../../codegen/ring/simulate.js';

/** What docs/ring.md prices: CLIP at the depth and in the precision of a ViT-B's batch, over as many ranks. */
export const dim = 768;

export interface Setting {
  readonly ranks: number;
  readonly nodes: number;
}

export const settings: readonly Setting[] = [
  { ranks: 8, nodes: 1 },
  { ranks: 32, nodes: 4 },
];

export const pairCounts: readonly number[] = [2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18, 2 ** 20, 2 ** 22, 12_000_000];

export const ours: PassCosts = softmaxCosts({ dim, precision: 'bf16' });

/** Each direction on its own, in fp32: keys forward; keys and their gradients backward. */
export const infCl: PassCosts = { dim, rowBytes: { forward: { keys: 2 * 4 * dim, sums: 0 }, backward: { keys: 2 * 4 * dim, sums: 2 * 4 * dim } } };

/** The gradients that travel in bf16, in place of fp32. */
export const gradientsIn16Bits: PassCosts = { ...ours, rowBytes: { ...ours.rowBytes, backward: { ...ours.rowBytes.backward, sums: 2 * dim } } };

export function ringOf({ ranks, nodes }: Setting, pairs: number, inFlight = 2): Ring {
  const shards = splitEvenly(pairs, ranks);
  return layOut({ ranks, nodes, inFlight, rows: shards, cols: shards });
}

/** What rank 0 sends, forward and backward. */
export function sentBy(ring: Ring, costs: PassCosts): number {
  return passes.reduce((sum, pass) => sum + sentBytesOf(ring, pass, 0, costs.rowBytes[pass]), 0);
}

export interface Change {
  readonly name: string;
  readonly simulate: (setting: Setting, pairs: number, cluster: Cluster) => Simulation;
}

/** One thing that is different, each on its own. */
export const changes: readonly Change[] = [
  { name: 'as it is', simulate: (setting, pairs, cluster) => simulate(ringOf(setting, pairs), ours, cluster) },
  { name: 'dK in bf16 on its way', simulate: (setting, pairs, cluster) => simulate(ringOf(setting, pairs), gradientsIn16Bits, cluster) },
  { name: '400 Gb/s between nodes', simulate: (setting, pairs, cluster) => simulate(ringOf(setting, pairs), ours, { ...cluster, inter: { ...cluster.inter, bytesPerSecond: 2 * cluster.inter.bytesPerSecond } }) },
  { name: 'no latency', simulate: (setting, pairs, cluster) => simulate(ringOf(setting, pairs), ours, { ...cluster, intra: { ...cluster.intra, latencySeconds: 0 }, inter: { ...cluster.inter, latencySeconds: 0 } }) },
  { name: '`inFlight` 4', simulate: (setting, pairs, cluster) => simulate(ringOf(setting, pairs, 4), ours, cluster) },
  // Its every step waits for the slowest link.
  { name: 'one ring through all nodes', simulate: (setting, pairs, cluster) => simulate(ringOf({ ...setting, nodes: 1 }, pairs), ours, { ...cluster, intra: cluster.inter }) },
];
