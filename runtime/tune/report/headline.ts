import { formatMilliseconds } from '../../cli/report.js';
import type { Ranked, TuneResult } from '../result.js';
import { factor, plural } from './words.js';

export interface Headline {
  /** The outcome in one sentence. */
  readonly verdict: string;
  /** What it rests on. */
  readonly because: string;
}

/** What came of the search, where nothing was gained too. */
export function headlineOf(result: TuneResult): Headline {
  const { best, usual, timed } = result;
  if (best.timing === undefined) return unmeasured(result);
  if (best.id === usual.id) return unchanged(result);
  const { ratio, low, high } = best.relative ?? pairless(best, usual);
  return {
    verdict: `${factor(1 / ratio)} as fast as the usual tiling`,
    because: `It takes ${formatMilliseconds(best.timing.ms)}, forward and backward. In half of the ${plural(best.timing.rounds, 'round')} it was ${factor(1 / high)} to ${factor(1 / low)} as fast as the usual tiling, which took turns with it. ${plural(timed.length, 'candidate')} ${timed.length === 1 ? 'was' : 'were'} timed.`,
  };
}

function unmeasured({ best, usual, effort }: TuneResult): Headline {
  const speed = usual.predicted.milliseconds / best.predicted.milliseconds;
  const why = effort === 'none' ? 'Nothing was timed, as asked' : 'Nothing could be timed';
  return best.id === usual.id
    ? { verdict: 'The usual tiling, untimed', because: `${why}: the cost model puts the usual tiling first.` }
    : { verdict: 'The cost model’s first choice, untimed', because: `${why}. The model expects it to be ${factor(speed)} as fast as the usual tiling.` };
}

function unchanged({ best, timed, failed, untimed }: TuneResult): Headline {
  const others = timed.length - 1;
  const verdict = 'Nothing to gain: the usual tiling stays';
  const time = best.timing === undefined ? '' : ` It takes ${formatMilliseconds(best.timing.ms)}, forward and backward.`;
  if (others > 0) return { verdict, because: `None of the ${plural(others, 'other candidate')} that ${others === 1 ? 'was' : 'were'} timed is faster beyond noise.${time}` };
  if (failed.length > 0) return { verdict, because: `${failed.length === 1 ? 'The one other candidate that was tried' : `All ${failed.length} others that were tried`} failed.${time}` };
  if (untimed.length > 0) return { verdict, because: `No other candidate was timed.${time}` };
  return { verdict, because: `There is no other that is legal here.${time}` };
}

/** Where rounds were not kept side by side: the ratio of the medians, with what the quartiles allow. */
function pairless(best: Ranked, usual: Ranked): { readonly ratio: number; readonly low: number; readonly high: number } {
  const [ours, theirs] = [best.timing, usual.timing];
  if (ours === undefined || theirs === undefined) return { ratio: 1, low: 1, high: 1 };
  return { ratio: ours.ms / theirs.ms, low: ours.low / theirs.high, high: ours.high / theirs.low };
}
