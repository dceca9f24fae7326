import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { messageOf } from '../device/errors.js';

/** What can be wrong between ranks, in one place. */

export function rankFailed(rank: number, reason: string): InfinitileError {
  return ranksLost([rank], `has failed: ${reason}`, 'the others end with it: once its mistake is put right, start all again');
}

export function rankGone(rank: number, how: string): InfinitileError {
  return ranksLost([rank], `is gone: ${how}`, 'its launcher may tell why it has ended; a rank that takes too much memory is killed by the system');
}

/** What a rank could not do, told to the others. */
export function rankElsewhere(rank: number, reason: string): InfinitileError {
  return new InfinitileError({ code: 'INF7101', message: `rank ${rank}: ${reason}`, hint: 'the mistake is that rank\'s own, in what it was given or on its machine' });
}

export function ranksSilent(ranks: readonly number[], patience: number, what: string): InfinitileError {
  const verb = ranks.length === 1 ? 'has' : 'have';
  return ranksLost(ranks, `${verb} been silent for ${printSeconds(patience)}, and ${what} is waited for`, 'a rank that is only late needs a longer time limit (patience)');
}

export function groupLeft(rank: number, what: string): InfinitileError {
  return ranksLost([rank], `has left the group, and ${what} is waited for`, 'every rank gathers as often, and in the same order');
}

function ranksLost(ranks: readonly number[], how: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF7101', message: `${printRanks(ranks)} ${how}`, hint });
}

/** @param differences such as "tiling: rank 0 has 'a', rank 3 has 'b'". */
export function ranksDisagree(differences: readonly string[], hint = 'start every rank with the same program, options and version'): InfinitileError {
  return new InfinitileError(differences.map((message): Diagnostic => ({ code: 'INF7102', message, hint })));
}

export function noConnection(message: string, hint: string, cause?: unknown): InfinitileError {
  return new InfinitileError({ code: 'INF7103', message, hint }, { cause });
}

export function noMessageLibrary(message: string, hint: string, cause?: unknown): InfinitileError {
  return new InfinitileError({ code: 'INF7104', message, hint }, { cause });
}

export function gpuTaken(message: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF7105', message, hint });
}

/** Why a rank fails, in one line for the others. */
export function reasonOf(error: unknown): string {
  const first = error instanceof InfinitileError ? error.diagnostics[0] : undefined;
  return first === undefined ? messageOf(error) : `${first.code} ${first.message}`;
}

/** `rank 3`, `ranks 1 and 3`, `ranks 1, 2, 5 and 9 others`. */
export function printRanks(ranks: readonly number[]): string {
  const [first] = ranks;
  if (ranks.length === 1) return `rank ${first ?? ''}`;
  const shown = ranks.length > most ? ranks.slice(0, most - 1) : ranks.slice(0, -1);
  const rest = ranks.length > most ? `${ranks.length - shown.length} others` : String(ranks.at(-1) ?? '');
  return `ranks ${shown.join(', ')} and ${rest}`;
}

/** Ranks that a message names. */
const most = 8;

export function printSeconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toPrecision(3))} s`;
}
