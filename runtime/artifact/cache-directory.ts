import { resolve } from 'node:path';
import envPaths from 'env-paths';

export const cacheVariable = 'INFINITILE_CACHE_DIR';

/** `$INFINITILE_CACHE_DIR`, else the user's cache directory (`$XDG_CACHE_HOME/infinitile`, `~/.cache/infinitile`). */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env[cacheVariable];
  return chosen === undefined || chosen === '' ? envPaths('infinitile', { suffix: '' }).cache : resolve(chosen);
}
