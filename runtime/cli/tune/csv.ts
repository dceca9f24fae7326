import type { KnobValue } from '../../../dsl/choice.js';
import type { Failed, Ranked, TuneResult } from '../../tune/result.js';

/** All candidates, one a row: the best, the other timed ones, the untimed, the failed. Empty where nothing is known. */
export function printCsv({ axes, usual, best, timed, untimed, failed }: TuneResult): string {
  const knobs = axes.map(({ level, knob }) => `${level}.${knob}`);
  const head = ['tiling', 'state', ...knobs, 'predicted_ms', 'ms', 'ms_low', 'ms_high', 'rounds', 'ratio', 'ratio_low', 'ratio_high', 'error', 'stage', 'reason'];
  const settingsOf = (settings: Readonly<Record<string, KnobValue>>) => knobs.map((knob) => settings[knob]);
  const ranked = ({ id, settings, predicted, timing, relative, error }: Ranked, state: string): readonly Cell[] => [
    ...[id, id === best.id ? 'best' : id === usual.id ? 'usual' : state, ...settingsOf(settings), predicted.milliseconds],
    ...[timing?.ms, timing?.low, timing?.high, timing?.rounds, relative?.ratio, relative?.low, relative?.high, error, undefined, undefined],
  ];
  const fallen = ({ id, settings, predicted, stage, reason }: Failed): readonly Cell[] => [id, 'failed', ...settingsOf(settings), predicted.milliseconds, ...Array<undefined>(8), stage, reason];
  const rows = [head, ...timed.map((each) => ranked(each, 'timed')), ...untimed.map((each) => ranked(each, 'untimed')), ...failed.map(fallen)];
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

type Cell = string | number | undefined;

/** As RFC 4180 quotes. */
function cell(value: Cell): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
