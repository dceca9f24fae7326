import { createRequire } from 'node:module';
import type * as TsMorph from 'ts-morph';
import type { ts } from 'ts-morph';

export type { ts } from 'ts-morph';

let loaded: typeof TsMorph | undefined;

/** Loading it takes 0.3 s, so it is loaded when it is first needed. */
export function tsMorph(): typeof TsMorph {
  loaded ??= createRequire(import.meta.url)('ts-morph') as typeof TsMorph;
  return loaded;
}

/** TypeScript's own parser. */
export function typescript(): typeof ts {
  return tsMorph().ts;
}
