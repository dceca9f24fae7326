import type { TuneProgress } from '../../tune/options.js';
import type { Ranked } from '../../tune/result.js';
import type { Tuned } from '../../tune/tune.js';
import { facts, formatMilliseconds, table } from '../report.js';

/** Rows of the table: more are in the file of --csv. */
const mostRows = 20;

/** What was found, for people: the winner, then all that were timed, then what failed. */
export function printTuned(tuned: Tuned): string {
  const { subject, timed, untimed, failed } = tuned;
  const { loss, n, m, dim, precision, device, target, workers } = subject;
  return [
    facts([
      ['loss', `${loss}, N ${n}, M ${m}, D ${dim}, ${precision}`],
      ['ran on', `${device}, target ${target}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`],
      ['searched', `${timed.length} of ${timed.length + untimed.length + failed.length} candidates timed, ${failed.length} failed: ${howSearched(tuned)}`],
      ['best', tuned.best.id],
      ['margin', margin(tuned)],
    ]),
    ...(timed.length === 0 ? [] : [ranking(tuned)]),
    ...(failed.length === 0 ? [] : [table(['failed', 'at', 'because'], failed.map(({ id, stage, reason }) => [id, stage, reason.split('\n')[0] ?? '']))]),
  ].join('\n');
}

/** What is said beside the bar. */
export function progressNote({ phase, timed, failed, best, secondsLeft }: TuneProgress): string {
  return [
    `${phase}: ${timed} done`,
    `${failed} failed`,
    ...(best === undefined ? [] : [`best ${(1 / best.ratio).toFixed(2)} x`]),
    ...(secondsLeft === undefined ? [] : [`${Math.ceil(secondsLeft)} s left`]),
  ].join(', ');
}

function howSearched({ effort, seed, seconds, fromCache, record }: Tuned): string {
  if (effort === 'none') return 'effort none measures nothing';
  const how = `effort ${effort}${effort === 'quick' ? `, seed ${seed}` : ''}`;
  return fromCache ? `${how}, from the cache` : `${how}, ${formatMilliseconds(seconds * 1000)}${record.complete ? '' : ', ended by its budget'}`;
}

function margin({ usual, best }: Tuned): string {
  if (best.relative === undefined || best.timing === undefined) {
    const predicted = usual.predicted.milliseconds / best.predicted.milliseconds;
    return `unmeasured: the model takes it to be ${predicted.toFixed(2)} x as fast as the usual tiling`;
  }
  if (best.id === usual.id) return 'none: nothing was faster than the usual tiling beyond noise';
  const { ratio, low, high } = best.relative;
  return `${(1 / ratio).toFixed(3)} x as fast as the usual tiling (${(1 / high).toFixed(3)} to ${(1 / low).toFixed(3)} in half of ${best.timing.rounds} rounds in turns)`;
}

function ranking({ usual, best, timed }: Tuned): string {
  const shown = timed.filter((each, i) => i < mostRows || each.id === usual.id);
  const rows = shown.map((each) => [String(timed.indexOf(each) + 1), ...rowOf(each), each.id === best.id ? (each.id === usual.id ? 'best, usual' : 'best') : each.id === usual.id ? 'usual' : '']);
  const left = timed.length - shown.length;
  return `${table(['', 'tiling', 'time', 'half within', 'of usual', 'rounds', 'predicted', 'error', ''], rows, [0, 2, 3, 4, 5, 6, 7])}${left === 0 ? '' : `and ${left} more, in the file of --csv\n`}`;
}

function rowOf({ id, timing, relative, predicted, error }: Ranked): readonly string[] {
  if (timing === undefined) return [id, '', '', '', '', formatMilliseconds(predicted.milliseconds), ''];
  const { ms, low, high, rounds } = timing;
  return [
    ...[id, formatMilliseconds(ms), `${formatMilliseconds(low)} - ${formatMilliseconds(high)}`, relative === undefined ? '' : relative.ratio.toFixed(3)],
    ...[String(rounds), formatMilliseconds(predicted.milliseconds), error === undefined ? '' : error.toFixed(2)],
  ];
}
