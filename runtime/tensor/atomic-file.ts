import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that its name shows the old content or the new, never half: into a hidden file beside it, synced, then
 * renamed. When `write` throws, nothing is left.
 */
export async function writeFileAtomically(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes the names in a directory survive a loss of power. Not every file system can. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch {
    // EINVAL where directories cannot be synced: nothing more can be done there.
  } finally {
    await handle.close();
  }
}

/** Writes all of a view, at a position or behind what was written last: one call may write less. */
export async function writeView(handle: FileHandle, view: ArrayBufferView, position?: number): Promise<void> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, largestWrite), position === undefined ? null : position + done);
    done += bytesWritten;
  }
}

/** Linux writes at most 2 GiB at once; smaller pieces keep an interrupt quick. */
const largestWrite = 64 * 2 ** 20;
