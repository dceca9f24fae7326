import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../../tensor/atomic-file.js';

const recordSchema = z.object({ command: z.array(z.string()), flags: z.array(z.string()), version: z.string().min(1) });

/** A compiler that has passed its trial with these flags. */
export type CompilerRecord = z.infer<typeof recordSchema>;

const recordFolder = 'compilers';

/** The remembered version of a compiler; undefined where nothing (readable) is remembered. */
export async function readRecord(cacheDirectory: string, key: string): Promise<string | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(cacheDirectory, key), 'utf8'))).version;
  } catch {
    return undefined;
  }
}

/** Remembers. Where the cache cannot be written, the next process tries again; storing an artifact tells of it. */
export async function writeRecord(cacheDirectory: string, key: string, record: CompilerRecord): Promise<void> {
  try {
    await mkdir(join(cacheDirectory, recordFolder), { recursive: true });
    await writeFileAtomically(recordPath(cacheDirectory, key), async (handle) => {
      await handle.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
    });
  } catch {
    // Nothing is lost but the time of a trial.
  }
}

/** Forgets all compilers. */
export async function removeRecords(cacheDirectory: string): Promise<void> {
  const names = await readdir(join(cacheDirectory, recordFolder)).catch(() => []);
  for (const name of names) if (/^[0-9a-f]{64}\.json$/.test(name)) await rm(join(cacheDirectory, recordFolder, name), { force: true });
}

function recordPath(cacheDirectory: string, key: string): string {
  return join(cacheDirectory, recordFolder, `${key}.json`);
}
