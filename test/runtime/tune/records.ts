import { clip } from '../../../runtime/index.js';
import { fingerprint } from '../../../runtime/fingerprint.js';
import { restrictionHash, tunedFormat, type TunedFacts } from '../../../runtime/tune/store/key.js';
import type { TunedRecord } from '../../../runtime/tune/store/record.js';
import { automatic, type Tiling } from '../../../runtime/index.js';

export const facts: TunedFacts = {
  ...{ loss: clip.name, lossHash: fingerprint(clip), tilingHash: restrictionHash(automatic), dim: 64, guideDim: 0, precision: 'f32', target: 'x86-64-v3' },
  ...{ device: 'a processor', compiler: 'a compiler', version: '1.0.0', workers: 2, workspace: 2 ** 28 },
};

export const small: Tiling = { kind: 'tiling', name: 'automatic', chunk: { rows: 512, cols: 512, fit: 'shrink' } };

export function recordOf(n: number, m = n, tiling = small, of = facts): TunedRecord {
  return {
    ...{ kind: 'tuned', format: tunedFormat, subject: { ...of, n, m }, id: `chunk ${n}`, tiling, effort: 'quick', seed: 0, budget: 60, complete: true, created: '2026-01-01T00:00:00.000Z' },
    ...{ usual: { ms: 12, low: 11, high: 13, rounds: 7 }, best: { ms: 10, low: 9, high: 11, rounds: 7 }, relative: { ratio: 0.8, low: 0.7, high: 0.9 }, error: 0.25 },
  };
}
