import type { Cluster } from '../../codegen/ring/cluster.js';
import { formatBytes } from '../../codegen/plan/print.js';
import { stepCount, stepOf } from '../../codegen/ring/lower.js';
import { finishedSumBytes, hopBytesPerRow } from '../../codegen/ring/row-bytes.js';
import { passes, type Buffer, type Ring } from '../../codegen/ring/schedule.js';
import { simulate } from '../../codegen/ring/simulate.js';
import { grouped, markdown, milliseconds } from './markdown.js';
import { changes, dim, infCl, ours, pairCounts, ringOf, sentBy, settings, type Setting } from './ring-settings.js';

/** The tables of docs/ring.md, by the names of their places. */
export function ringTables(cluster: Cluster): ReadonlyMap<string, string> {
  return new Map([
    ['hops', hops()],
    ['memory', memory()],
    ['efficiency', efficiency(cluster)],
    ['changes', whatWouldHelp(cluster)],
  ]);
}

function hops(): string {
  const rows = passes.map((pass) => {
    const more = pass === 'backward' ? finishedSumBytes(ours) : 0;
    const [here, there] = [hopBytesPerRow(ours, pass) + more, infCl.rowBytes[pass].keys + infCl.rowBytes[pass].sums];
    const formula = pass === 'forward' ? ['2 x 4 D', '2 D + 8'] : ['2 x (4 D + 4 D)', `2 D + 4 D, and ${more} of finished sums`];
    return [pass, ...formula, grouped(there), grouped(here), `${(there / here).toFixed(1)} x`];
  });
  return markdown(['bytes a hop and key row', 'Inf-CL, fp32', 'here, bf16', `Inf-CL, D = ${dim}`, `here, D = ${dim}`, 'less'], rows);
}

/** A slot of keys serves both passes; a slot of sums has buffers of its own for each. */
function memory(): string {
  const { forward, backward } = ours.rowBytes;
  const rows = settings.flatMap((setting) =>
    [2 ** 20, 12_000_000].map((pairs) => {
      const ring = ringOf(setting, pairs);
      const slots = slotsOf(ring);
      const keySlots = slots.filter((slot) => /keys/i.test(slot)).length;
      const shard = Math.max(...ring.cols.map(({ count }) => count));
      const own = shard * (2 * 2 * dim + 2 * 4 * dim);
      const others = shard * (keySlots * backward.keys + (slots.length - keySlots) * (forward.sums + backward.sums));
      return [named(setting), grouped(pairs), grouped(shard), formatBytes(own), `${keySlots} of keys, ${slots.length - keySlots} of sums`, formatBytes(others)];
    }),
  );
  return markdown(['', 'pairs', 'pairs a rank', 'Q, K, dQ and dK of its own', 'slots', 'which take'], rows);
}

/** Room of rank 0 for the columns of others. */
function slotsOf(ring: Ring): readonly Buffer[] {
  const used = new Set<Buffer>();
  for (let number = 0; number < stepCount(ring); number += 1) {
    const { receives, compute, merges } = stepOf(ring, 'backward', 0, number);
    for (const { into } of receives) used.add(into);
    if (compute !== undefined) used.add(compute.into);
    for (const { from, into } of merges) used.add(from).add(into);
  }
  return [...used].filter((slot) => slot !== 'own' && slot !== 'result');
}

function efficiency(cluster: Cluster): string {
  const rows = settings.flatMap((setting) =>
    pairCounts.map((pairs) => {
      const ring = ringOf(setting, pairs);
      const { passSeconds, seconds, efficiency: reached } = simulate(ring, ours, cluster);
      const [here, there] = [sentBy(ring, ours), sentBy(ring, infCl)];
      return [named(setting), grouped(pairs), milliseconds(1000 * passSeconds.forward), milliseconds(1000 * seconds), percent(reached), formatBytes(here), formatBytes(there)];
    }),
  );
  return markdown(['', 'pairs', 'forward, ms', 'forward and backward, ms', 'efficiency', 'a rank sends', 'with Inf-CL’s volumes'], rows);
}

/** Where a ring reaches less than 90 %. */
function whatWouldHelp(cluster: Cluster): string {
  const cases = settings.flatMap((setting) => pairCounts.map((pairs) => ({ setting, pairs })));
  const low = cases.filter(({ setting, pairs }) => simulate(ringOf(setting, pairs), ours, cluster).efficiency < 0.9);
  const rows = low.map(({ setting, pairs }) => [named(setting), grouped(pairs), ...changes.map((change) => percent(change.simulate(setting, pairs, cluster).efficiency))]);
  return markdown(['', 'pairs', ...changes.map(({ name }) => name)], rows);
}

function named({ ranks, nodes }: Setting): string {
  return `${ranks} ranks, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
