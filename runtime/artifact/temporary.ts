import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Directories of this name are being made or taken apart; readers of the cache pass them over. */
const pattern = /^\.tmp-([0-9a-f]{12})-(\d+)-[0-9a-f]{12}$/;

/** Where it cannot be known whether the maker lives (another host, an earlier boot), a directory this old is stale. */
const staleAfter = 24 * 3600 * 1000;

/** Makes a directory for this process alone, inside `parent`. */
export async function makeTemporary(parent: string): Promise<string> {
  const path = await temporaryName(parent);
  await mkdir(path);
  return path;
}

/** A name for such a directory, for a rename to make. */
export async function temporaryName(parent: string): Promise<string> {
  return join(parent, `.tmp-${await processSpace()}-${process.pid}-${randomBytes(6).toString('hex')}`);
}

/** Removes what processes that are gone have left. Never fails: what cannot be removed stays. */
export async function sweepTemporaries(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      if (await isStale(parent, name)) await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
    }),
  );
}

async function isStale(parent: string, name: string): Promise<boolean> {
  const [, space, pid] = pattern.exec(name) ?? [];
  if (space === undefined || pid === undefined) return false;
  if (space === (await processSpace()) && !isAlive(Number(pid))) return true;
  const found = await stat(join(parent, name)).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > staleAfter;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

let space: Promise<string> | undefined;

/** Names the host, its boot and the PID namespace: only within one of these does a process number mean the same process. */
function processSpace(): Promise<string> {
  space ??= (async () => {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
    return createHash('sha256').update(JSON.stringify([hostname(), boot, namespace])).digest('hex').slice(0, 12);
  })();
  return space;
}
