import { assertNever } from '../../dsl/assert-never.js';
import type { Precision } from '../../dsl/problem.js';
import { stepCount, stepOf } from './lower.js';
import { linkOf, sumKindOf, type Content, type ContentKind, type Link, type Pass, type Ring } from './schedule.js';

/** What the size of a message depends on beside its shard. */
export interface Embeddings {
  /** Depth D: the length of an embedding. */
  readonly dim: number;
  readonly precision: Precision;
}

/** Bytes that one key row takes of a message: keys as they are stored, two fp32 statistics, fp32 gradients. */
export function rowBytes(kind: ContentKind, { dim, precision }: Embeddings): number {
  switch (kind) {
    case 'keys':
      return dim * (precision === 'f32' ? 4 : 2);
    case 'statistics':
      return 8;
    case 'dKeys':
      return 4 * dim;
    default:
      return assertNever(kind);
  }
}

export function messageBytes({ cols }: Ring, { kind, shard }: Content, embeddings: Embeddings): number {
  return (cols[shard]?.count ?? 0) * rowBytes(kind, embeddings);
}

/** Bytes that a key row takes from one rank to the next: its own, and those of its sums. */
export function hopBytesPerRow(pass: Pass, embeddings: Embeddings): number {
  return rowBytes('keys', embeddings) + rowBytes(sumKindOf(pass), embeddings);
}

/** Bytes that the largest shard takes from one rank to the next; 0 where there is one rank. */
export function hopBytes({ ranks, cols }: Ring, pass: Pass, embeddings: Embeddings): number {
  return ranks === 1 ? 0 : Math.max(...cols.map(({ count }) => count)) * hopBytesPerRow(pass, embeddings);
}

/** What a rank sends in a whole pass to one other. */
export interface LinkTraffic {
  readonly to: number;
  readonly link: Link;
  readonly messages: number;
  readonly bytes: number;
}

/** What a rank sends in a whole pass, by link. */
export function trafficOf(ring: Ring, pass: Pass, rank: number, embeddings: Embeddings): readonly LinkTraffic[] {
  const links = new Map<number, LinkTraffic>();
  for (let step = 0; step < stepCount(ring); step += 1) {
    for (const { content, to } of stepOf(ring, pass, rank, step).sends) {
      const { messages, bytes } = links.get(to) ?? { messages: 0, bytes: 0 };
      links.set(to, { to, link: linkOf(ring, rank, to), messages: messages + 1, bytes: bytes + messageBytes(ring, content, embeddings) });
    }
  }
  return [...links.values()];
}
