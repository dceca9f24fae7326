import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
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
