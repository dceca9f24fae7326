import { cpuMachines } from '../../../codegen/targets/cpu/machines.js';
import type { TuneResult } from '../result.js';

/** The command line that searches again; of a loss or a tiling from a file, the file has to be named as well. */
export function commandOf({ subject, effort, seed }: TuneResult): string {
  const { loss, dim, n, m, precision, target, workspace, workers } = subject;
  const threads = cpuMachines.some(({ name }) => name === target) ? { threads: workers } : {};
  const flags = { dim, n, ...(m === n ? {} : { m }), precision, target, workspace, ...threads, effort, seed };
  return ['npx infinitile tune', loss, ...Object.entries(flags).map(([flag, value]) => `--${flag} ${value}`)].join(' ');
}
