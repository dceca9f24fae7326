import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Tiling } from '../../../dsl/tiling.js';
import type { Answer, Checked, Problem, Request, Timed } from './messages.js';
import { ProcessLost, TimingProcess } from './timing-process.js';

/** What became of a request that a candidate is to blame for. */
export interface Fault {
  readonly kind: 'fault';
  readonly stage: 'run' | 'timeout';
  readonly reason: string;
}

/** The process that owns the device: another takes its place when it is lost. */
export class TimingDevice {
  readonly #problem: Problem;
  readonly #start: () => TimingProcess;
  #process: TimingProcess | undefined;

  constructor(problem: Problem, start: () => TimingProcess = () => new TimingProcess()) {
    this.#problem = problem;
    this.#start = start;
  }

  /**
   * Starts the process, unless it is there; the inputs are made and the device is opened.
   *
   * @param limit milliseconds that it may take, as for the others.
   * @throws {InfinitileError} when it cannot be opened.
   */
  async open(limit: number): Promise<void> {
    this.#process ??= await this.#started(limit);
  }

  async time(tiling: Tiling, limit: number): Promise<Timed | Fault> {
    const answer = await this.#ask({ kind: 'time', tiling }, limit);
    return answer.kind === 'timed' || answer.kind === 'fault' ? answer : unexpected(answer.kind);
  }

  async check(tiling: Tiling, limit: number): Promise<Checked | Fault> {
    const answer = await this.#ask({ kind: 'check', tiling }, limit);
    return answer.kind === 'checked' || answer.kind === 'fault' ? answer : unexpected(answer.kind);
  }

  close(): void {
    this.#process?.close();
    this.#process = undefined;
  }

  async #ask(request: Request, limit: number): Promise<Exclude<Answer, { kind: 'failed' }> | Fault> {
    await this.open(limit);
    const process = this.#process;
    if (process === undefined) throw new Error('the process that times was closed');
    try {
      const answer = await process.ask(request, limit);
      if (answer.kind !== 'failed') return answer;
      // A GPU whose context is lost fails whatever comes next: the next candidate starts afresh.
      this.close();
      return { kind: 'fault', stage: 'run', reason: answer.message };
    } catch (error) {
      this.#process = undefined;
      if (!(error instanceof ProcessLost)) throw error;
      return { kind: 'fault', stage: error.how === 'timeout' ? 'timeout' : 'run', reason: error.message };
    }
  }

  async #started(limit: number): Promise<TimingProcess> {
    const process = this.#start();
    try {
      const answer = await process.ask({ kind: 'open', problem: this.#problem }, limit);
      if (answer.kind === 'opened') return process;
      throw notOpened(this.#problem, answer.kind === 'failed' ? answer.message : answer.kind);
    } catch (error) {
      process.close();
      throw error instanceof ProcessLost ? notOpened(this.#problem, error.message) : error;
    }
  }
}

function notOpened({ target, n, m, dim }: Problem, message: string): InfinitileError {
  return new InfinitileError({ code: 'INF7003', message: `nothing can be timed on target ${target} with ${n} x ${m} rows of ${dim} numbers: ${message}`, hint: 'infinitile doctor says what the machine has; fewer rows take less memory' });
}

function unexpected(kind: string): never {
  throw new Error(`the process that times answered '${kind}'`);
}
