import type { Knowledge } from './knowledge.js';
import type { Landscape } from './landscape.js';
import { quartiles } from './quartiles.js';
import type { Failed, Ranked, Timing } from './result.js';

/** Candidates with what is known of them. */
export interface Ranking {
  readonly usual: Ranked;
  readonly best: Ranked;
  readonly timed: readonly Ranked[];
  readonly untimed: readonly Ranked[];
  readonly failed: readonly Failed[];
}

/** Of `best`, which leads, and all others of the landscape. What is known of candidates that it does not have is left out. */
export function rank(landscape: Landscape, known: Knowledge, best: string): Ranking {
  const usual = landscape.space.usual.id;
  const ranked = (id: string): Ranked => {
    const { tiling, settings } = landscape.candidate(id);
    const [times, error] = [id === usual ? known.usual : known.times(id), known.error(id)];
    return {
      ...{ id, tiling, settings, predicted: landscape.predicted(id) },
      ...(times.length === 0 ? {} : { timing: timingOf(times), relative: relativeOf(known, id, usual) }),
      ...(error === undefined ? {} : { error }),
    };
  };
  const failures = known.failures.filter(({ id }) => landscape.has(id));
  const failed = new Set(failures.map(({ id }) => id));
  const all = landscape.candidates.filter(({ id }) => !failed.has(id) || id === usual).map(({ id }) => ranked(id));
  const ratio = ({ id, relative }: Ranked): number => (id === best ? -Infinity : (relative?.ratio ?? Infinity));
  const timed = all.filter(({ timing }) => timing !== undefined).sort((a, b) => ratio(a) - ratio(b) || (a.id < b.id ? -1 : 1));
  return {
    ...{ usual: ranked(usual), best: ranked(best), timed },
    untimed: all.filter(({ timing }) => timing === undefined).sort((a, b) => a.predicted.milliseconds - b.predicted.milliseconds),
    failed: failures.map(({ id, stage, reason }) => ({ id, settings: landscape.candidate(id).settings, predicted: landscape.predicted(id), stage, reason })),
  };
}

function timingOf(times: readonly number[]): Timing {
  const { median, low, high } = quartiles(times);
  return { ms: median, low, high, rounds: times.length };
}

function relativeOf(known: Knowledge, id: string, usual: string): NonNullable<Ranked['relative']> {
  const { median, low, high } = (id === usual ? undefined : known.ratio(id)) ?? { median: 1, low: 1, high: 1 };
  return { ratio: median, low, high };
}
