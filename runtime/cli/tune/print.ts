import type { TuneProgress } from '../../tune/options.js';
import type { Ranked } from '../../tune/result.js';
import type { Tuned } from '../../tune/tune.js';
import { facts, formatMilliseconds, table } from '../report.js';

/** Rows of the table: more are in the file of --csv. */
const mostRows = 20;

/** With fewer rounds there is no spread to show. */
const fewestSpread = 3;

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

function margin({ usual, best, record }: Tuned): string {
  if (best.relative === undefined || best.timing === undefined) {
    const predicted = usual.predicted.milliseconds / best.predicted.milliseconds;
    return `unmeasured: the model takes it to be ${predicted.toFixed(2)} x as fast as the usual tiling`;
  }
  if (best.id === usual.id) return record.complete ? 'none: nothing was faster than the usual tiling beyond noise' : 'none yet: what may be faster has had too few rounds; a longer --budget goes on from here';
  const { ratio, low, high } = best.relative;
  return `${(1 / ratio).toFixed(3)} x as fast as the usual tiling (${(1 / high).toFixed(3)} to ${(1 / low).toFixed(3)} in half of ${best.timing.rounds} rounds in turns)`;
}

function ranking({ usual, best, timed }: Tuned): string {
  const shown = timed.filter((each, i) => i < mostRows || each.id === usual.id);
  const rows = shown.map((each) => [String(timed.indexOf(each) + 1), ...rowOf(each), each.id === best.id ? (each.id === usual.id ? 'best, usual' : 'best') : each.id === usual.id ? 'usual' : '']);
  const left = timed.length - shown.length;
  const notes = ['by speed against the usual tiling in the same rounds: times of different rounds are those of different moments', ...(left === 0 ? [] : [`${left} more are in the file of --csv`])];
  return `${table(['', 'tiling', 'speed', 'time', 'middle half', 'rounds', 'predicted', 'error', ''], rows, [0, 2, 3, 4, 5, 6, 7])}${notes.join('; ')}\n`;
}

function rowOf({ id, timing, relative, predicted, error }: Ranked): readonly string[] {
  const expected = `${predicted.milliseconds.toPrecision(4)} ms`;
  if (timing === undefined) return [id, '', '', '', '', expected, ''];
  const { ms, low, high, rounds } = timing;
  return [
    ...[id, relative === undefined ? '' : `${(1 / relative.ratio).toFixed(3)} x`, formatMilliseconds(ms), rounds < fewestSpread ? '' : `${formatMilliseconds(low)} - ${formatMilliseconds(high)}`],
    ...[String(rounds), expected, error === undefined ? '' : error.toFixed(2)],
  ];
}
