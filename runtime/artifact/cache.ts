import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.js';
import { isSystemError } from '../tensor/errors.js';
import { syncDirectory } from '../tensor/atomic-file.js';
import { cacheDirectory } from './cache-directory.js';
import { cacheUnusable, damagedEntry } from './errors.js';
import { sha256 } from './key.js';
import { parseManifest, printManifest, type Manifest } from './manifest.js';
import { makeTemporary, sweepTemporaries, temporaryName } from './temporary.js';
import { removeRecords } from './toolchain/compiler-record.js';

/** A compiled source file, in the cache, whole and verified. */
export interface Artifact {
  readonly key: string;
  /** The entry: artifact, manifest.json and source. */
  readonly directory: string;
  /** The artifact itself: a shared object or a cubin. */
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether it was there or has just been made. */
  readonly origin: 'cache' | 'built';
}

/** What makes an entry: writes the artifact and whatever shall lie beside it into `directory`. */
export type EntryMaker = (directory: string) => Promise<EntryFacts>;

export interface EntryFacts {
  readonly manifest: Omit<Manifest, 'artifact'>;
  /** The artifact's name in the directory. */
  readonly artifact: string;
}

export interface CacheEntry {
  readonly key: string;
  readonly directory: string;
  readonly bytes: number;
  /** Absent when the entry is damaged: `problem` says how. */
  readonly manifest?: Manifest;
  readonly problem?: string;
}

export interface CacheOptions {
  /** Default: {@link cacheDirectory}. */
  readonly directory?: string;
  /** Told of damaged entries. Default: a process warning. */
  readonly onWarning?: (warning: Diagnostic) => void;
}

const manifestName = 'manifest.json';
const keyPattern = /^[0-9a-f]{64}$/;

/**
 * Compiled artifacts by the hash of what they come from. An entry is made in a temporary directory, synced, and renamed into
 * place: whoever sees it sees all of it. No locks: of several processes that make one entry the first wins, the others use
 * the winner's.
 */
export class ArtifactCache {
  readonly directory: string;
  private readonly entries: string;
  private readonly failures: string;
  private readonly onWarning: (warning: Diagnostic) => void;
  private swept: Promise<void> | undefined;

  constructor(options: CacheOptions = {}) {
    this.directory = options.directory ?? cacheDirectory();
    this.entries = join(this.directory, 'artifacts');
    this.failures = join(this.directory, 'failed');
    this.onWarning = options.onWarning ?? ((warning) => process.emitWarning(warning.message, { type: 'InfinitileWarning', code: warning.code }));
  }

  /** The verified artifact, or undefined where there is none. A damaged one is told to `onWarning` and counts as none. */
  async tryLoad(key: string): Promise<Artifact | undefined> {
    const found = await this.inspect(key);
    if (found === undefined) return undefined;
    if ('problem' in found) {
      this.onWarning(damagedEntry(this.entryPath(key), found.problem));
      return undefined;
    }
    return this.artifact(key, found.manifest, 'cache');
  }

  /** Makes an entry, or uses the one that another process has made meanwhile. When `make` throws, nothing is left. */
  async store(key: string, make: EntryMaker): Promise<Artifact> {
    await this.prepare();
    const temporary = await this.guarded(makeTemporary(this.entries));
    try {
      const { manifest: facts, artifact } = await make(temporary);
      const content = await readFile(join(temporary, artifact));
      const manifest: Manifest = { ...facts, artifact: { name: artifact, bytes: content.length, sha256: sha256(content) } };
      return await this.guarded(this.publish(key, temporary, manifest));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Keeps the sources and the log of a compilation that failed, for people to look at; tells where. */
  async keepFailure(key: string, files: ReadonlyMap<string, string>): Promise<string> {
    await this.guarded(mkdir(this.failures, { recursive: true }));
    const temporary = await this.guarded(makeTemporary(this.failures));
    const place = join(this.failures, key);
    try {
      for (const [name, text] of files) await writeFile(join(temporary, name), text);
      await rm(place, { recursive: true, force: true });
      await rename(temporary, place).catch((error: unknown) => {
        if (!isOccupied(error)) throw error;
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return place;
  }

  /** All entries, newest first, the damaged ones with what is wrong. */
  async list(): Promise<readonly CacheEntry[]> {
    const found = await Promise.all((await this.keys(this.entries)).map((key) => this.describe(key)));
    const created = (entry: CacheEntry) => entry.manifest?.created ?? '';
    return found.filter((entry) => entry !== undefined).sort((a, b) => created(b).localeCompare(created(a)) || a.key.localeCompare(b.key));
  }

  /** Bytes of all entries. */
  async size(): Promise<number> {
    const sizes = await Promise.all((await this.keys(this.entries)).map((key) => directoryBytes(this.entryPath(key))));
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Removes all entries, kept failures, what is known of compilers, and leftovers. Processes keep what they have loaded. */
  async clear(): Promise<{ readonly entries: number; readonly bytes: number }> {
    const bytes = await this.size();
    const keys = await this.keys(this.entries);
    for (const key of keys) await this.guarded(this.remove(key));
    for (const key of await this.keys(this.failures)) await this.guarded(rm(join(this.failures, key), { recursive: true, force: true }));
    await this.guarded(removeRecords(this.directory));
    await sweepTemporaries(this.entries);
    await sweepTemporaries(this.failures);
    return { entries: keys.length, bytes };
  }

  private async publish(key: string, temporary: string, manifest: Manifest): Promise<Artifact> {
    await writeFile(join(temporary, manifestName), printManifest(manifest));
    for (const name of await readdir(temporary)) await syncFile(join(temporary, name));
    await syncDirectory(temporary);
    for (;;) {
      try {
        await rename(temporary, this.entryPath(key));
        await syncDirectory(this.entries);
        return this.artifact(key, manifest, 'built');
      } catch (error) {
        if (!isOccupied(error)) throw error;
      }
      const winner = await this.inspect(key);
      if (winner !== undefined && 'manifest' in winner) return this.artifact(key, winner.manifest, 'cache');
      if (winner !== undefined) await this.remove(key);
    }
  }

  /** Out of sight with one rename first: a reader never sees an entry half removed. */
  private async remove(key: string): Promise<void> {
    const aside = await temporaryName(this.entries);
    try {
      await rename(this.entryPath(key), aside);
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return;
      throw error;
    }
    await rm(aside, { recursive: true, force: true });
  }

  private async inspect(key: string): Promise<{ readonly manifest: Manifest } | { readonly problem: string } | undefined> {
    const early = await this.readEntryFile(key, manifestName);
    if (early === undefined && !(await exists(this.entryPath(key)))) return undefined;
    // Another process may have put the entry in place between the two looks.
    const text = early ?? (await this.readEntryFile(key, manifestName));
    if (text === undefined) return { problem: `${manifestName} is missing` };
    const parsed = parseManifest(text.toString('utf8'));
    if ('problem' in parsed) return parsed;
    const { name, bytes, sha256: expected } = parsed.manifest.artifact;
    const content = await this.readEntryFile(key, name);
    if (content === undefined) return (await exists(this.entryPath(key))) ? { problem: `${name} is missing` } : undefined;
    if (content.length !== bytes) return { problem: `${name} has ${content.length} bytes; ${bytes} were written` };
    if (sha256(content) !== expected) return { problem: `${name} is not what was written: its SHA-256 differs` };
    return parsed;
  }

  private async readEntryFile(key: string, name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.entryPath(key), name));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw cacheUnusable(this.directory, error);
    }
  }

  private async describe(key: string): Promise<CacheEntry | undefined> {
    const found = await this.inspect(key);
    if (found === undefined) return undefined;
    const directory = this.entryPath(key);
    return { key, directory, bytes: await directoryBytes(directory), ...found };
  }

  private artifact(key: string, manifest: Manifest, origin: Artifact['origin']): Artifact {
    const directory = this.entryPath(key);
    return { key, directory, path: join(directory, manifest.artifact.name), manifest, origin };
  }

  private entryPath(key: string): string {
    return join(this.entries, key);
  }

  private async keys(parent: string): Promise<readonly string[]> {
    try {
      return (await readdir(parent)).filter((name) => keyPattern.test(name));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT') return [];
      throw cacheUnusable(this.directory, error);
    }
  }

  /** Makes the directory that entries live in; the first time, sweeps it. */
  private async prepare(): Promise<void> {
    await this.guarded(mkdir(this.entries, { recursive: true }));
    this.swept ??= sweepTemporaries(this.entries);
    await this.swept;
  }

  /** Tells a failure of the file system as one of the cache directory. */
  private async guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw isSystemError(error) ? cacheUnusable(this.directory, error) : error;
    }
  }
}

function isOccupied(error: unknown): boolean {
  return isSystemError(error) && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function directoryBytes(path: string): Promise<number> {
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
