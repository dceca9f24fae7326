import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path inside the package, whether this module runs from its sources or from `dist/`. */
export function packagePath(...parts: readonly string[]): string {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
  return path.join(path.basename(root) === 'dist' ? path.dirname(root) : root, ...parts);
}
