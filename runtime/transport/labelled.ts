import { mismatch } from './rounds.js';

/** Bytes under the name of what they are, for gathers in which nobody sees all ranks but the ranks themselves. */
export function label(what: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(what), Buffer.of(0), bytes]);
}

/**
 * The bytes of every rank, in the order of ranks.
 *
 * @throws {InfinitileError} INF7102 when ranks gather different things, INF7101 when one has come to its end.
 */
export function unlabel(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const labels = parts.map((part) => Buffer.from(part.subarray(0, part.indexOf(0))).toString());
  const [first = ''] = labels;
  const rank = labels.findIndex((what) => what !== first);
  if (rank !== -1) throw mismatch({ first: 0, what: first }, { rank, what: labels[rank] ?? '' });
  return parts.map((part) => part.subarray(part.indexOf(0) + 1));
}
