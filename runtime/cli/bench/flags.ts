import { InvalidArgumentError } from 'commander';
import { peerNames, type PeerName } from '../../bench/peer-catalog.js';
import { didYouMean } from '../../../dsl/diagnostics/index.js';
import { parseCount } from '../parse.js';

/** Flags of `bench` that take lists. */

/** `16384,32768`. */
export function parseCounts(text: string): readonly number[] {
  return text.split(',').map(parseCount);
}

/** `2,8`, each once; one rank, with which the others are compared, comes first. */
export function parseRanks(text: string): readonly number[] {
  return [...new Set([1, ...parseCounts(text)])];
}

/** `clip,infoNCE`. Given several times, the names add up. */
export function parseLosses(text: string, previous: readonly string[]): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Losses are written name,name.');
  return [...(previous === defaultLosses ? [] : previous), ...names];
}

/** Told from what is given by its identity. */
export const defaultLosses: readonly string[] = ['clip'];

/** `torch,cublas`, each once. */
export function parsePeers(text: string, previous: readonly PeerName[] = []): readonly PeerName[] {
  const names = text.split(',').map((part) => {
    const name = peerNames.find((known) => known === part.trim());
    if (name !== undefined) return name;
    const near = didYouMean(part.trim(), peerNames);
    throw new InvalidArgumentError(`There is no peer '${part.trim()}'${near === '' ? '.' : `; ${near}`} There are ${peerNames.join(', ')}.`);
  });
  return [...new Set([...previous, ...names])];
}
