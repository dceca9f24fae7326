import { ToldByFirstRank } from './told-by-first-rank.js';

/** Why a run that was interrupted ended. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(
    readonly signalName: NodeJS.Signals,
    /** What is left of the run. */
    readonly kept = 'nothing was written',
  ) {
    super(`stopped by ${signalName}`);
  }
}

const watched: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/**
 * Runs work that Ctrl-C stops: the first signal aborts it, and it ends when it has cleaned up; a second one ends the process
 * at once. `kept` says what is left of it, where that is anything.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, kept?: () => string): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(interruptedExit);
    controller.abort(new Interrupted(name, kept?.()));
  };
  for (const name of watched) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    // Whatever an abort makes fail, the abort is why.
    if (!controller.signal.aborted) throw error;
    throw error instanceof ToldByFirstRank ? new ToldByFirstRank(controller.signal.reason) : controller.signal.reason;
  } finally {
    for (const name of watched) process.off(name, stop);
  }
}

export const interruptedExit = 130;
