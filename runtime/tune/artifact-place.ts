import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../artifact/cache.js';
import { cacheDirectory, cacheVariable } from '../artifact/cache-directory.js';
import { makeTemporary } from '../artifact/temporary.js';
import { nothingKept, type OnWarning } from './errors.js';

/** Where a search keeps what it makes. */
export interface ArtifactPlace {
  readonly artifacts: ArtifactCache;
  /** Of a process that shares it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whether the cache itself cannot be written: then it is a folder that goes with the search. */
  readonly passing: boolean;
  close(): Promise<void>;
}

/** The cache; where it cannot be written, a temporary folder, and that is told. */
export async function openArtifactPlace(onWarning: OnWarning, directory = cacheDirectory()): Promise<ArtifactPlace> {
  const failure = await whyNotWritable(directory);
  if (failure === undefined) return { artifacts: new ArtifactCache({ directory }), environment: process.env, passing: false, close: () => Promise.resolve() };
  onWarning(nothingKept(directory, failure));
  const passing = await mkdtemp(join(tmpdir(), 'infinitile-'));
  return {
    artifacts: new ArtifactCache({ directory: passing }),
    environment: { ...process.env, [cacheVariable]: passing },
    passing: true,
    close: () => rm(passing, { recursive: true, force: true }),
  };
}

async function whyNotWritable(directory: string): Promise<Error | undefined> {
  try {
    await mkdir(directory, { recursive: true });
    await rm(await makeTemporary(directory), { recursive: true });
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
