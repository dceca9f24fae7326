import { stepCount, stepOf } from './lower.js';
import type { RowBytes } from './row-bytes.js';
import { linkOf, type Content, type Link, type Pass, type Ring } from './schedule.js';

export function messageBytes({ cols }: Ring, { kind, shard }: Content, { keys, sums }: RowBytes): number {
  return (cols[shard]?.count ?? 0) * (kind === 'keys' ? keys : sums);
}

/** Bytes that the largest shard takes from one rank to the next, at so many a row; 0 where there is one rank. */
export function hopBytes({ ranks, cols }: Ring, bytesPerRow: number): number {
  return ranks === 1 ? 0 : Math.max(...cols.map(({ count }) => count)) * bytesPerRow;
}

/** What a rank sends in a whole pass to one other. */
export interface LinkTraffic {
  readonly to: number;
  readonly link: Link;
  readonly messages: number;
  readonly bytes: number;
}

/** What a rank sends in a whole pass, by link. */
export function trafficOf(ring: Ring, pass: Pass, rank: number, rowBytes: RowBytes): readonly LinkTraffic[] {
  const links = new Map<number, LinkTraffic>();
  for (let step = 0; step < stepCount(ring); step += 1) {
    for (const { content, to } of stepOf(ring, pass, rank, step).sends) {
      const { messages, bytes } = links.get(to) ?? { messages: 0, bytes: 0 };
      links.set(to, { to, link: linkOf(ring, rank, to), messages: messages + 1, bytes: bytes + messageBytes(ring, content, rowBytes) });
    }
  }
  return [...links.values()];
}

/** All bytes that a rank sends in a pass. */
export function sentBytesOf(ring: Ring, pass: Pass, rank: number, rowBytes: RowBytes): number {
  return trafficOf(ring, pass, rank, rowBytes).reduce((sum, { bytes }) => sum + bytes, 0);
}
