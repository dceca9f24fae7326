import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../tensor/atomic-file.js';
import { checkPlace, type PlaceOptions } from './output-place.js';
import { refused } from './unwritable.js';

/*
 * A directory that is there with all its files, or not at all: made beside its place under a hidden name, then renamed.
 */

/**
 * Makes one. Refuses before anything is computed what could not be shown afterwards.
 *
 * @throws {InfinitileError} INF6007 when the place is taken, or its parent is missing or may not be written.
 */
export async function makeHidden(place: string, options: PlaceOptions = {}): Promise<string> {
  await checkPlace(place, options);
  const making = besides(path.resolve(place));
  await writingTo(place, () => mkdir(making));
  return making;
}

/** Puts it in its place, when all that is in it is synced. What is there goes only if it may: it is asked again, as time has passed. */
export async function showHidden(making: string, place: string, { replaces }: Pick<PlaceOptions, 'replaces'> = {}): Promise<void> {
  const absolute = path.resolve(place);
  const aside = (await replaces?.(absolute)) === true ? besides(absolute) : undefined;
  if (aside !== undefined) await writingTo(place, () => rename(absolute, aside));
  try {
    await syncDirectory(making);
    await rename(making, absolute);
  } catch (error) {
    if (aside !== undefined) await rename(aside, absolute).catch(() => undefined);
    throw refused(place, error, 'something has been put there meanwhile');
  }
  await syncDirectory(path.dirname(absolute));
  if (aside !== undefined) await writingTo(aside, () => rm(aside, { recursive: true, force: true }), 'the new directory is in its place; remove this one, which it has replaced, by hand');
}

/** Removes what has not been shown. A disk that refuses this, too, has refused to be written before: that is told. */
export async function dropHidden(making: string): Promise<void> {
  // A rank that still writes may make a network file system keep a file for it a little longer.
  await rm(making, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
}

/** @throws {InfinitileError} INF6007 for what the operating system refuses: a full disk, a folder that may not be written. */
export async function writingTo(place: string, write: () => Promise<unknown>, hint?: string): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw refused(place, error, hint);
  }
}

function besides(absolute: string): string {
  return path.join(path.dirname(absolute), `.${path.basename(absolute)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}
