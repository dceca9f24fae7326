import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** As Linux counts them for processes. */
const ticksPerSecond = 100;

/** Resolves when a process has computed for so many seconds, however busy the machine is; where the system does not tell, after as many. */
export async function busyFor(pid: number | undefined, seconds: number): Promise<void> {
  for (;;) {
    const ticks = await ticksOf(pid);
    if (ticks === undefined) return delay(1000 * seconds);
    if (ticks >= seconds * ticksPerSecond) return;
    await delay(100);
  }
}

async function ticksOf(pid: number | undefined): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid ?? ''}/stat`, 'utf8');
    // Behind the program's name, which may have blanks.
    const [user, system] = text.slice(text.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
    return (user ?? NaN) + (system ?? NaN);
  } catch {
    return undefined;
  }
}
