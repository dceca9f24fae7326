import { spawn } from 'node:child_process';

export interface ChildResult {
  /** Zero for success; null where a signal ended it. */
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly log: string;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const running = new Set<number>();
let watching = false;

/**
 * Runs a program to its end. An abort, or the end of this process, kills it with all that it has started (a compiler driver
 * starts others): they are one process group. Rejects with the signal's reason, or when the program cannot be started.
 */
export async function runChild(program: string, args: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  options.signal?.throwIfAborted();
  watchExit();
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  const abort = () => killGroup(pid);
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    return { code, log: Buffer.concat(pieces).toString('utf8') };
  } finally {
    options.signal?.removeEventListener('abort', abort);
    if (pid !== undefined) running.delete(pid);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function watchExit(): void {
  if (watching) return;
  watching = true;
  // First: a rank that leaves its group ends there and then.
  process.prependOnceListener('exit', () => running.forEach(killGroup));
}
