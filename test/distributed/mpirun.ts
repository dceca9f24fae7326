import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../../codegen/emit/package-path.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { findProgram } from '../../runtime/artifact/toolchain/find-program.js';
import { loadMpiAddon } from '../../runtime/transport/mpi-addon.js';

export interface Ran {
  readonly code: number | null;
  /** Of all ranks, sorted; without the lines in which they tell their process ids. */
  readonly lines: readonly string[];
  readonly stderr: string;
  readonly milliseconds: number;
  /** Processes of ranks that are still there. */
  readonly left: readonly number[];
}

/** For Open MPI: more ranks than cores, as root too; memory is not shared by system calls that containers forbid. */
export const mpiSettings = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
  PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
};

/** What one rank of the command line does otherwise than the rest: see `programs/cli.ts`. */
export interface Otherwise {
  readonly rank?: number;
  readonly flags?: readonly string[];
  /** Flags of the rest. */
  readonly others?: readonly string[];
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
}

/** Why programs cannot be run under MPI here; undefined where they can. */
export async function whyNoMpi(): Promise<string | undefined> {
  try {
    loadMpiAddon();
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    return error.message;
  }
  return (await findProgram('mpirun', process.env)) === undefined ? 'there is no mpirun' : undefined;
}

/** Runs a program of `programs/` as so many ranks, for 90 s at most. `meanwhile` may signal mpirun once all ranks have told their process ids. */
export async function mpirun(ranks: number, program: string, args: readonly string[] = [], meanwhile?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ran> {
  const begin = Date.now();
  const command = ['-n', String(ranks), process.execPath, '--import=tsx', packagePath('test', 'distributed', 'programs', program), ...args];
  const child = spawn('mpirun', command, { cwd: packagePath(), env: { ...process.env, ...mpiSettings }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 90_000, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  const pids = (): number[] => [...stdout.matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = pids().length;
    stdout += text;
    if (before < ranks && pids().length === ranks) meanwhile?.((signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const milliseconds = Date.now() - begin;
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('pid ')).sort();
  return { code, lines, stderr, milliseconds, left: await leftOf(pids()) };
}

/** Those that do not end within twenty seconds, which a busy machine may need to end a process; they are then killed. */
async function leftOf(pids: readonly number[]): Promise<readonly number[]> {
  for (let i = 0; i < 200 && pids.some(isAlive); i += 1) await delay(100);
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  return left;
}

/** One that has ended may have its number until its parent has asked how. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
