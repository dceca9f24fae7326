import { SingleBar } from 'cli-progress';

type Progress = (done: number, total: number) => void;

/** Shows a bar on the terminal while a stage of the job runs; nothing where there is no terminal. */
export class Stages {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async run<T>(name: string, work: (onProgress: Progress) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const bar = new SingleBar({ format: `${name.padEnd(12)} {bar} {percentage}%  {duration_formatted}`, clearOnComplete: true, hideCursor: true, etaBuffer: 20 });
    bar.start(1, 0);
    try {
      return await work((done, total) => {
        bar.setTotal(total);
        bar.update(done);
      });
    } finally {
      bar.stop();
    }
  }
}
