import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { syncDirectory } from '../tensor/atomic-file.js';

/*
 * A directory that is there with all its files, or not at all: made beside its place under a hidden name, then renamed.
 */

/**
 * Makes one. Refuses before anything is computed what could not be shown afterwards; `replace`: what is in its place goes when it is shown.
 *
 * @throws {InfinitileError} INF6007 when the place is taken, or its parent is missing or may not be written.
 */
export async function makeHidden(place: string, { replace = false, hint = 'name a directory that does not exist yet, or remove this one' } = {}): Promise<string> {
  const absolute = path.resolve(place);
  const taken = await readdir(absolute).then((names) => names.length > 0, (error: unknown) => (isCode(error, 'ENOENT') ? false : 'no directory'));
  if (taken === 'no directory' || (taken && !replace)) throw unwritable(place, 'it is there already and not an empty directory', hint);
  const making = besides(absolute);
  try {
    await mkdir(making);
  } catch (error) {
    throw unwritable(place, error instanceof Error ? error.message : String(error), 'choose a folder that exists and may be written');
  }
  return making;
}

/** Puts it in its place, when all that is in it is synced. */
export async function showHidden(making: string, place: string, { replace = false } = {}): Promise<void> {
  const absolute = path.resolve(place);
  const aside = replace ? await setAside(absolute) : undefined;
  try {
    await syncDirectory(making);
    await rename(making, absolute);
  } catch (error) {
    if (aside !== undefined) await rename(aside, absolute).catch(() => undefined);
    throw unwritable(place, error instanceof Error ? error.message : String(error), 'something has been put there meanwhile');
  }
  await syncDirectory(path.dirname(absolute));
  if (aside !== undefined) await rm(aside, { recursive: true, force: true });
}

export function unwritable(place: string, why: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF6007', message: `'${place}' cannot be written: ${why}`, hint });
}

async function setAside(absolute: string): Promise<string | undefined> {
  const aside = besides(absolute);
  try {
    await rename(absolute, aside);
    return aside;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function besides(absolute: string): string {
  return path.join(path.dirname(absolute), `.${path.basename(absolute)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
