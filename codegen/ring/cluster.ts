import type { Link } from './schedule.js';

/** A cluster as a schedule is priced on it. Every rank has links of its own, to the next rank of its node and to the next node. */
export interface Cluster extends Readonly<Record<Link, LinkSpeed>> {
  /** Floating-point operations of one rank in a second, as its kernels reach them. */
  readonly flopsPerSecond: number;
  /** Whether messages travel while tiles are computed, or before. */
  readonly overlap: boolean;
}

/** A message of b bytes takes latencySeconds + b / bytesPerSecond. */
export interface LinkSpeed {
  readonly latencySeconds: number;
  readonly bytesPerSecond: number;
}
