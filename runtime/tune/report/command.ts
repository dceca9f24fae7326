import { cpuMachines } from '../../../codegen/targets/cpu/machines.js';
import type { TuneResult } from '../result.js';

/** What a search was asked for beside what its result knows: as it was written. */
export interface Asked {
  /** A preset, or an export of a file; the loss's own name, unless said. */
  readonly loss?: string;
  readonly tiling?: string;
  readonly params?: Readonly<Record<string, number>>;
  /** Seconds. */
  readonly budget?: number;
}

/** The command line that searches again. */
export function commandOf({ subject, effort, seed }: TuneResult, { loss = subject.loss, tiling, params = {}, budget }: Asked): string {
  const { dim, n, m, precision, target, workspace, workers } = subject;
  const flags = {
    ...{ dim, n, m: m === n ? undefined : m, precision, target, tiling },
    params: Object.entries(params).map(([name, value]) => `${name}=${value}`).join(',') || undefined,
    workspace,
    threads: cpuMachines.some(({ name }) => name === target) ? workers : undefined,
    ...{ effort, budget, seed },
  };
  const given = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag} ${quoted(String(value))}`]));
  return ['npx infinitile tune', quoted(loss), ...given].join(' ');
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-][\w@%+=:,./#-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
