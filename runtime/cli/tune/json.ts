import type { Ranked } from '../../tune/result.js';
import type { Tuned } from '../../tune/tune.js';

/** What `tune --json` prints. Milliseconds, and errors by what is allowed, are null where nothing was measured. */
export function describeTuned({ subject, effort, seed, usual, best, timed, untimed, failed, seconds, fromCache, record }: Tuned): object {
  return {
    default: describe(usual),
    best: { ...describe(best), tiling: best.tiling, relative: best.relative ?? null, error: best.error ?? null },
    candidates: new Set([...timed, ...untimed, ...failed].map(({ id }) => id)).size,
    timed: timed.length,
    failed: failed.length,
    seconds,
    fromCache,
    ...{ effort, seed, complete: record.complete },
    subject,
    failures: failed.map(({ id, stage, reason }) => ({ id, stage, reason })),
  };
}

function describe({ id, timing, predicted }: Ranked): object {
  return { id, ms: timing?.ms ?? null, predictedMs: predicted.milliseconds };
}
