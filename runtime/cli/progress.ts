import { SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.js';

/** A bar on a terminal; nothing anywhere else. One phase at a time, and nothing is left on the screen at the end. */
export class Progress {
  readonly #screen: NodeJS.WriteStream | undefined;
  #bar: SingleBar | undefined;
  #phase = '';

  constructor({ screen }: Pick<Terminal, 'screen'>) {
    this.#screen = screen;
  }

  /** Shows how far a phase is; a new phase takes the last one's place. `note`: what stands beside it, in place of the time that seems left. */
  show(phase: string, done: number, total: number, note?: string): void {
    if (this.#screen === undefined || total <= 0) return;
    if (this.#phase !== phase) this.clear();
    this.#phase = phase;
    this.#bar ??= this.#start(this.#screen, phase, total, note);
    this.#bar.setTotal(total);
    this.#bar.update(Math.min(done, total), { note });
  }

  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#phase = '';
  }

  #start(stream: NodeJS.WriteStream, phase: string, total: number, note: string | undefined): SingleBar {
    const bar = new SingleBar({
      stream,
      format: `${phase.padEnd(12)} {bar} {percentage} %  ${note === undefined ? '{eta_formatted} left' : '{note}'}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: true,
      // Signals belong to `interruptible`.
      gracefulExit: false,
    });
    bar.start(total, 0, { note });
    return bar;
  }
}
