import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../tensor/errors.js';
import { refused, unwritable } from './unwritable.js';

/** Says of a directory that is in the place already, and is not empty, whether it may go. */
export type Replaces = (directory: string) => Promise<boolean>;

export interface PlaceOptions {
  /** No directory may go unless said. */
  readonly replaces?: Replaces;
  /** What to do where one is there that may not go. */
  readonly hint?: string;
}

const fresh = 'name a directory that does not exist yet';

/**
 * Looks whether a directory can be shown in a place: nothing is there, or an empty directory, or one that may go.
 *
 * @throws {InfinitileError} INF6007 saying what is in its way.
 */
export async function checkPlace(place: string, { replaces = nothing, hint = `${fresh}, or remove this one` }: PlaceOptions = {}): Promise<void> {
  if (place === '') throw unwritable(place, 'an empty name names no directory', fresh);
  const absolute = path.resolve(place);
  await checkParent(place, path.dirname(absolute));
  const found = await present(place, lstat(absolute));
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw await isLink(place, absolute);
  if (!found.isDirectory()) throw unwritable(place, found.isFile() ? 'it is a file' : 'it is there already and no directory', `${fresh}, or remove what is there`);
  const names = (await present(place, readdir(absolute))) ?? [];
  if (names.length > 0 && !(await replaces(absolute))) throw unwritable(place, 'it is there already and not an empty directory', hint);
}

const nothing: Replaces = () => Promise.resolve(false);

async function checkParent(place: string, parent: string): Promise<void> {
  const found = await present(place, stat(parent));
  if (found === undefined) throw unwritable(place, `there is no folder '${parent}'`, 'make it first, or name a directory in one that exists');
  if (!found.isDirectory()) throw unwritable(place, `'${parent}' is no folder`, 'name a directory in a folder that exists');
}

/** A link would be replaced, and what it names stay: neither is what was asked for. */
async function isLink(place: string, absolute: string): Promise<Error> {
  const target = await readlink(absolute);
  const end = await present(place, stat(absolute));
  return unwritable(place, `it is a symbolic link to '${target}'${end === undefined ? ', which does not exist' : ''}`, 'name a directory itself, or remove the link');
}

/** Undefined where there is nothing of that name. */
async function present<T extends Stats | readonly string[]>(place: string, looked: Promise<T>): Promise<T | undefined> {
  try {
    return await looked;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw refused(place, error);
  }
}
