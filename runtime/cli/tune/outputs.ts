import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../../tensor/atomic-file.js';
import { unwritable } from '../../tensor/errors.js';

/** Files that a command will write when it is done: that a folder is missing is told before it starts. */
export async function checkOutputs(paths: readonly (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined) continue;
    await access(dirname(path), constants.W_OK).catch((error: unknown) => {
      throw unwritable(path, error);
    });
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) throw unwritable(path, new Error('it is a folder'));
  }
}

export async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomically(path, async (handle) => {
    await handle.writeFile(text);
  }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}
