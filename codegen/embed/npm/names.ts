import { libraryNames } from '../c/names.js';

/** Of loss `infoNCE`, `infinitile-info-nce`. */
export function packageName(loss: string): string {
  return libraryNames(loss).prefix.replaceAll('_', '-');
}
