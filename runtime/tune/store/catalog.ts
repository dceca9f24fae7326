import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName, sweepTemporaries } from '../../artifact/temporary.js';
import { parseTuned, type TunedRecord } from './record.js';
import { tunedFolder, winnerName } from './tuned-store.js';

/** What a cache has of one problem and size class. */
export interface TunedEntry {
  readonly key: string;
  readonly sizeClass: string;
  readonly bytes: number;
  /** Absent where no search has come to its end, or what it left is damaged: `problem` says how. */
  readonly record?: TunedRecord;
  readonly problem?: string;
}

/** All of them, the newest first, those without a winner at the end. */
export async function listTuned(cacheDirectory: string): Promise<readonly TunedEntry[]> {
  const root = join(cacheDirectory, tunedFolder);
  const entries: TunedEntry[] = [];
  for (const key of await keysOf(root)) for (const name of await namesOf(join(root, key))) entries.push(await describe(join(root, key, name), key, name));
  const created = ({ record }: TunedEntry): string => record?.created ?? '';
  return entries.sort((a, b) => created(b).localeCompare(created(a)) || a.key.localeCompare(b.key) || a.sizeClass.localeCompare(b.sizeClass));
}

/** Removes all of them, each out of sight with one rename. */
export async function clearTuned(cacheDirectory: string): Promise<{ readonly entries: number; readonly bytes: number }> {
  const root = join(cacheDirectory, tunedFolder);
  const entries = await listTuned(cacheDirectory);
  for (const key of await keysOf(root)) {
    const aside = await temporaryName(root);
    await rename(join(root, key), aside);
    await rm(aside, { recursive: true, force: true });
  }
  await sweepTemporaries(root);
  return { entries: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0) };
}

async function describe(directory: string, key: string, sizeClass: string): Promise<TunedEntry> {
  const sizes = await Promise.all((await namesOf(directory)).map(async (name) => (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const text = await readFile(join(directory, winnerName), 'utf8').catch(() => undefined);
  return { key, sizeClass, bytes, ...(text === undefined ? { problem: 'not finished' } : parseTuned(text)) };
}

async function keysOf(root: string): Promise<readonly string[]> {
  return (await namesOf(root)).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

async function namesOf(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
