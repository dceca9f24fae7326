import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerSchema, type Answer, type Request } from './messages.js';

/** The process was ended, or had to be: what it was asked is to blame. */
export class ProcessLost extends Error {
  override readonly name = 'ProcessLost';

  constructor(
    readonly how: 'crash' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}

/** Beside this file: TypeScript where this is. */
const usualScript = fileURLToPath(new URL(`./main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));

/** A process that answers one request at a time. What hangs it, or brings it down, takes nothing else with it. */
export class TimingProcess {
  readonly #child: ChildProcess;
  /** The end of what it wrote to standard error. */
  #complaints = '';
  #ended: string | undefined;
  #settle: ((answer: unknown) => void) | undefined;

  constructor(script = usualScript, env: NodeJS.ProcessEnv = process.env) {
    this.#child = fork(script, { env, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#complaints = (this.#complaints + text).slice(-2000)));
    this.#child.on('message', (answer) => this.#settle?.(answer));
    this.#child.on('error', (error) => this.#end(`its process failed: ${error.message}`));
    // When its pipes are closed too: what it complained of is there.
    this.#child.on('close', (code, signal) => this.#end(`its process ended ${signal === null ? `with exit code ${String(code)}` : `by ${signal}`}${this.#lastComplaint()}`));
  }

  /**
   * @param limit milliseconds that an answer may take.
   * @throws {ProcessLost} when the process ends, or is ended because it gave none.
   */
  async ask(request: Request, limit: number): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<unknown>((resolve, reject) => {
        this.#settle = resolve;
        timer = setTimeout(() => reject(new ProcessLost('timeout', `no answer within ${(limit / 1000).toFixed(1)} s`)), limit);
        if (this.#ended === undefined) this.#child.send(request);
        else resolve(undefined);
      });
      if (answer === undefined) throw new ProcessLost('crash', this.#ended ?? 'its process ended');
      return answerSchema.parse(answer);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
  }

  /** Ends it, whatever it is at. */
  close(): void {
    this.#child.kill('SIGKILL');
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#settle?.(undefined);
  }

  #lastComplaint(): string {
    const line = this.#complaints.trim().split('\n').at(-1) ?? '';
    return line === '' ? '' : `: ${line}`;
  }
}
