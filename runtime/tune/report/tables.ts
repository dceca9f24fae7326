import type { Estimate } from '../../../codegen/cost/estimate.js';
import { formatBytes } from '../../../codegen/plan/print.js';
import { formatMilliseconds, formatRate } from '../../cli/report.js';
import type { Failed, Ranked, TuneResult } from '../result.js';
import { factor } from './words.js';

/** A cell: what is read, and the number that it is sorted by; empty of what there is not. */
interface Cell {
  readonly text: string;
  readonly sort: string;
}

const none: Cell = { text: '', sort: '' };

export interface RankedRow {
  readonly id: string;
  /** `winner`, `usual`, both or neither, in words. */
  readonly badges: readonly { readonly role: string; readonly says: string }[];
  readonly rank: Cell;
  readonly measured: Cell;
  readonly spread: string;
  readonly speed: Cell;
  readonly predicted: Cell;
  readonly error: Cell;
}

export function rankedRows({ best, usual, timed, untimed }: TuneResult): readonly RankedRow[] {
  return [...timed, ...untimed].map(({ id, timing, relative, predicted, error }, i) => ({
    id,
    badges: [...(id === best.id ? [{ role: 'winner', says: best.timing === undefined ? 'choice' : 'winner' }] : []), ...(id === usual.id ? [{ role: 'usual', says: 'usual' }] : [])],
    rank: cell(i + 1, String),
    measured: cell(timing?.ms, formatMilliseconds),
    spread: timing === undefined ? '' : `${formatMilliseconds(timing.low)} to ${formatMilliseconds(timing.high)}`,
    speed: cell(relative === undefined ? undefined : 1 / relative.ratio, factor),
    predicted: cell(predicted.milliseconds, formatMilliseconds),
    error: cell(error, (value) => value.toPrecision(2)),
  }));
}

function cell(value: number | undefined, format: (value: number) => string): Cell {
  return value === undefined ? none : { text: format(value), sort: String(value) };
}

const stages: Readonly<Record<Failed['stage'], string>> = { compile: 'when compiled', run: 'when run', timeout: 'not over in time', check: 'wrong results' };

export function failureRows(failed: readonly Failed[]): readonly { readonly id: string; readonly stage: string; readonly reason: string }[] {
  return failed.map(({ id, stage, reason }) => ({ id, stage: stages[stage], reason }));
}

/** The winner's tiling, knob by knob, beside the usual one's. */
export function settingRows(best: Ranked, usual: Ranked): readonly { readonly knob: string; readonly best: string; readonly usual: string; readonly differs: boolean }[] {
  const [ours, theirs] = [knobsOf(best), knobsOf(usual)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].map((knob) => {
    const [here, there] = [ours.get(knob) ?? '', theirs.get(knob) ?? ''];
    return { knob, best: here, usual: there, differs: here !== there };
  });
}

/** By `level.knob`, outermost level first. */
function knobsOf({ tiling: { ring, chunk, block, passes, register, instruction } }: Ranked): ReadonlyMap<string, string> {
  const levels = { ring, chunk, block, ...passes, register, instruction };
  return new Map(
    Object.entries(levels).flatMap(([level, knobs]: [string, object | undefined]) => Object.entries(knobs ?? {}).map(([knob, value]: [string, unknown]) => [level === 'instruction' ? level : `${level}.${knob}`, String(value)] as const)),
  );
}

/** Where the model expects the time to go, the longest pass first. */
export function passRows({ passes, milliseconds }: Estimate): readonly { readonly kernel: string; readonly time: string; readonly share: string; readonly bound: string; readonly flops: string; readonly bytes: string }[] {
  return [...passes]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .map(({ kernel, milliseconds: ms, bound, flops, bytes }) => ({
      kernel,
      time: formatMilliseconds(ms),
      share: `${((100 * ms) / milliseconds).toFixed(0)} %`,
      bound,
      flops: formatRate(flops),
      bytes: formatBytes(bytes),
    }));
}
