import { writeFileAtomically } from './atomic-file.js';
import { unwritable } from './errors.js';

/**
 * Writes a text file, whole or not at all.
 *
 * @throws {InfinitileError} INF6007 where it cannot be written.
 */
export async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomically(path, (handle) => handle.writeFile(text)).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}
