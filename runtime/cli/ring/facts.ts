import { hopBytes, trafficOf, type LinkTraffic } from '../../../codegen/ring/bytes.js';
import type { Cluster } from '../../../codegen/ring/cluster.js';
import { lower, stepCount } from '../../../codegen/ring/lower.js';
import { finishedSumBytes, hopBytesPerRow, softmaxCosts, type Embeddings, type PassCosts } from '../../../codegen/ring/row-bytes.js';
import type { Pass, Ring } from '../../../codegen/ring/schedule.js';
import { simulate, type Simulation } from '../../../codegen/ring/simulate.js';
import { verify, type Verification } from '../../../codegen/ring/verify.js';

type ByPass<T> = Readonly<Record<Pass, T>>;

/** What `ring` tells of a ring. */
export interface RingFacts {
  readonly ring: Ring;
  readonly embeddings: Embeddings;
  /** Those of a softmax of rows and one of columns. */
  readonly costs: PassCosts;
  /** Of each pass. */
  readonly steps: number;
  /** Left out for rings of more than {@link largestVerified} ranks. */
  readonly verification?: ByPass<Verification>;
  /** Of the largest shard. */
  readonly hopBytes: ByPass<number>;
  readonly hopBytesPerRow: ByPass<number>;
  /** Beside them, in the backward pass: of the largest shard, and of a row. */
  readonly finishedSums: { readonly hopBytes: number; readonly perRow: number };
  /** What rank 0 sends. */
  readonly traffic: ByPass<readonly LinkTraffic[]>;
  readonly simulation?: Simulation;
}

/** The command proves no larger ring: events grow with the square of the ranks. */
export const largestVerified = 256;

export function factsOf(ring: Ring, embeddings: Embeddings, cluster: Cluster | undefined): RingFacts {
  const costs = softmaxCosts(embeddings);
  const finished = finishedSumBytes(costs);
  return {
    ring,
    embeddings,
    costs,
    steps: stepCount(ring),
    ...(ring.ranks > largestVerified ? {} : { verification: byPass((pass) => verify(lower(ring, pass))) }),
    hopBytes: byPass((pass) => hopBytes(ring, hopBytesPerRow(costs, pass))),
    hopBytesPerRow: byPass((pass) => hopBytesPerRow(costs, pass)),
    finishedSums: { hopBytes: hopBytes(ring, finished), perRow: finished },
    traffic: byPass((pass) => trafficOf(ring, pass, 0, costs.rowBytes[pass])),
    ...(cluster === undefined ? {} : { simulation: simulate(ring, costs, cluster) }),
  };
}

function byPass<T>(of: (pass: Pass) => T): ByPass<T> {
  return { forward: of('forward'), backward: of('backward') };
}
