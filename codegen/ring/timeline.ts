import { stepCount, stepOf } from './lower.js';
import { symbolOf } from './print.js';
import { linkOf, type Content, type Link, type Pass, type Ring } from './schedule.js';

/** Something that takes time on a rank: a tile, or a message that it sends. */
export interface Span {
  readonly rank: number;
  readonly lane: Lane;
  /** Seconds, or steps. */
  readonly begin: number;
  readonly end: number;
  /** `K3`. */
  readonly label: string;
}

/** A rank's tiles, and its messages by link. */
export type Lane = 'tiles' | `${Link} ${'keys' | 'sums'}`;

export const lanes: readonly Lane[] = ['tiles', 'intra keys', 'intra sums', 'inter keys', 'inter sums'];

export function laneOf(ring: Ring, content: Content, from: number, to: number): Lane {
  return `${linkOf(ring, from, to)} ${content.kind === 'keys' ? 'keys' : 'sums'}`;
}

/** A pass in steps: every tile and every message is as long as its step. */
export function stepTimeline(ring: Ring, pass: Pass): readonly Span[] {
  return Array.from({ length: stepCount(ring) }, (_, step) => step).flatMap((begin) =>
    ring.rows.flatMap(({ rank }) => {
      const { sends, compute } = stepOf(ring, pass, rank, begin);
      const span = (lane: Lane, label: string): Span => ({ rank, lane, begin, end: begin + 1, label });
      const tile = compute === undefined ? [] : [span('tiles', tileLabel(compute.cols.rank))];
      return [...tile, ...sends.map(({ content, to }) => span(laneOf(ring, content, rank, to), symbolOf(content)))];
    }),
  );
}

/** A tile is a rank's own rows with these keys. */
export function tileLabel(shard: number): string {
  return symbolOf({ kind: 'keys', shard });
}
