import type { Cluster } from './cluster.js';
import { PassClock, tileFlops } from './pass-clock.js';
import type { PassCosts } from './row-bytes.js';
import { passes, type Pass, type Ring, type Shard } from './schedule.js';
import type { Span } from './timeline.js';

/** What a ring costs: forward and backward together, unless said. */
export interface Simulation {
  readonly seconds: number;
  readonly passSeconds: Readonly<Record<Pass, number>>;
  /** Of the rank with the most to compute. */
  readonly computeSeconds: number;
  /** What is not computing on that rank: messages that nothing hides, and waiting for others. */
  readonly exposedSeconds: number;
  readonly oneRankSeconds: number;
  /** One rank's time through that of all ranks together: 1 is perfect. */
  readonly efficiency: number;
}

/** Up to here each rank is followed. */
const everyRank = 64;

/**
 * Prices a ring on a cluster.
 *
 * Where shards are equally large all ranks do the same at the same time. So in a ring of more than 64 ranks whose shards differ by a row
 * at most, one rank is followed, as if all shards were as large as the largest: that takes time that grows with the ranks, not with
 * their square.
 */
export function simulate(ring: Ring, costs: PassCosts, cluster: Cluster): Simulation {
  const alike = ring.ranks > everyRank && isEven(ring.rows) && isEven(ring.cols);
  const priced = alike ? { ...ring, rows: evened(ring.rows), cols: evened(ring.cols) } : ring;
  const [forward, backward] = [PassClock.run({ ring: priced, pass: 'forward', costs, cluster, alike }), PassClock.run({ ring: priced, pass: 'backward', costs, cluster, alike })];
  const seconds = forward.seconds + backward.seconds;
  const computeSeconds = forward.computeSeconds + backward.computeSeconds;
  const flops = passes.reduce((sum, pass) => sum + tileFlops(pass, total(ring.rows), total(ring.cols), costs.dim), 0);
  const oneRankSeconds = flops / cluster.flopsPerSecond;
  return {
    seconds,
    passSeconds: { forward: forward.seconds, backward: backward.seconds },
    computeSeconds,
    exposedSeconds: seconds - computeSeconds,
    oneRankSeconds,
    efficiency: oneRankSeconds / (ring.ranks * seconds),
  };
}

/** When each tile and each message of a pass begins and ends, of all ranks, in seconds. */
export function simulatedTimeline(ring: Ring, pass: Pass, costs: PassCosts, cluster: Cluster): readonly Span[] {
  const spans: Span[] = [];
  PassClock.run({ ring, pass, costs, cluster, alike: false, observe: (span) => spans.push(span) });
  return spans;
}

function isEven(shards: readonly Shard[]): boolean {
  const counts = shards.map(({ count }) => count);
  return Math.max(...counts) - Math.min(...counts) <= 1;
}

function evened(shards: readonly Shard[]): readonly Shard[] {
  const count = Math.max(...shards.map((shard) => shard.count));
  return shards.map((shard) => ({ ...shard, count }));
}

function total(shards: readonly Shard[]): number {
  return shards.reduce((sum, { count }) => sum + count, 0);
}
