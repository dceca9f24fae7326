import { createRequire } from 'node:module';
import type * as TsMorph from 'ts-morph';
import type { ts } from 'ts-morph';

export type { ts } from 'ts-morph';

let loaded: typeof ts | undefined;

/** TypeScript's own parser. Loading it takes 0.3 s, so it is loaded when the first lambda is read. */
export function typescript(): typeof ts {
  loaded ??= (createRequire(import.meta.url)('ts-morph') as typeof TsMorph).ts;
  return loaded;
}
