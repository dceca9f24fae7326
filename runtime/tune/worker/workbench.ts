import { performance } from 'node:perf_hooks';
import type { Tiling } from '../../../dsl/tiling.js';
import { median } from '../../bench/median.js';
import { Synthetic, type SyntheticInputs } from '../../bench/synthetic.js';
import { Backend } from '../../device/backend.js';
import { Kernel } from '../../kernel.js';
import type { Session, StepResult } from '../../session.js';
import { Checker } from './checker.js';
import type { Checked, Problem, Timed } from './messages.js';

/** A short step is timed after others of its kind, and several times. */
const settlingMilliseconds = 10;
const timedMilliseconds = 60;
const mostSteps = 9;

/** Steps before the first that is timed, unless they take long. */
const [warmSteps, warmingMilliseconds] = [3, 200];

/** Bytes of sessions that stay open from round to round. */
const keptBytes = { cpu: 2 ** 30, cuda: 2 ** 33 } as const;

interface Kept {
  readonly session: Session;
  readonly bytes: number;
  /** Milliseconds of its last step. */
  last: number;
}

/** A device with the inputs of a problem, on which tilings are timed and checked. */
export class Workbench {
  readonly #problem: Problem;
  readonly #backend: Backend;
  readonly #inputs: SyntheticInputs;
  readonly #kernels = new Map<string, Kernel>();
  /** The one that was timed last at the end. */
  readonly #sessions = new Map<string, Kept>();
  #checker: Promise<Checker> | undefined;

  private constructor(problem: Problem, backend: Backend, inputs: SyntheticInputs) {
    this.#problem = problem;
    this.#backend = backend;
    this.#inputs = inputs;
  }

  static async open(problem: Problem): Promise<Workbench> {
    const { loss, dim, precision, target, gpu, n, m } = problem;
    const backend = Backend.open(target, gpu);
    return new Workbench(problem, backend, await new Synthetic({ n, m, dim }, { precision }).inputsOf(loss));
  }

  /** Forward and backward, with gradients. */
  async time(tiling: Tiling): Promise<Timed> {
    const kept = await this.#session(tiling);
    const repeat = async (milliseconds: number, least: number): Promise<readonly StepTime[]> => {
      const steps: StepTime[] = [];
      const count = Math.min(mostSteps, Math.max(least, Math.floor(milliseconds / kept.last)));
      while (steps.length < count) steps.push(await this.#step(kept));
      return steps;
    };
    await repeat(settlingMilliseconds, 0);
    const steps = await repeat(timedMilliseconds, 1);
    const [first] = steps;
    if (first === undefined) throw new Error('no step was timed');
    return { kind: 'timed', ms: median(steps.map(({ ms }) => ms)), wallMs: median(steps.map(({ wallMs }) => wallMs)), softmax: first.softmax };
  }

  async check(tiling: Tiling): Promise<Checked> {
    this.#checker ??= Checker.prepare(this.#problem);
    return (await this.#checker).check(this.#kernel(tiling), (chunked) => this.#kernel(chunked));
  }

  #kernel(tiling: Tiling): Kernel {
    const key = JSON.stringify(tiling);
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const { loss, dim, precision, workspace, threads } = this.#problem;
    const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim: dim, precision, tiling, backend: this.#backend, workspace, threads });
    this.#kernels.set(key, kernel);
    return kernel;
  }

  /** Open, and warm. */
  async #session(tiling: Tiling): Promise<Kept> {
    const key = JSON.stringify(tiling);
    const known = this.#sessions.get(key);
    this.#sessions.delete(key);
    const kept = known ?? (await this.#open(tiling));
    this.#sessions.set(key, kept);
    return kept;
  }

  async #open(tiling: Tiling): Promise<Kept> {
    const kernel = this.#kernel(tiling);
    const { n, m } = this.#problem;
    const bytes = kernel.bind(n, m).buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
    this.#makeRoom(bytes);
    const kept = { session: await kernel.session(this.#inputs), bytes, last: 0 };
    try {
      // The first step waits for memory and code, the second gets its commands ready: what is short is warm with the third.
      await this.#step(kept);
      for (let steps = 1; steps < warmSteps && kept.last < warmingMilliseconds; steps += 1) await this.#step(kept);
      return kept;
    } catch (error) {
      kept.session.close();
      throw error;
    }
  }

  /** Closes those that were timed longest ago. */
  #makeRoom(bytes: number): void {
    let held = [...this.#sessions.values()].reduce((sum, kept) => sum + kept.bytes, bytes);
    for (const [key, kept] of this.#sessions) {
      if (held <= keptBytes[this.#backend.device.kind]) return;
      kept.session.close();
      this.#sessions.delete(key);
      held -= kept.bytes;
    }
  }

  async #step(kept: Kept): Promise<StepTime> {
    const start = performance.now();
    const { forwardMilliseconds, backwardMilliseconds, softmax } = await kept.session.step({ params: this.#problem.params, gradients: true });
    const wallMs = performance.now() - start;
    kept.last = wallMs;
    return { ms: forwardMilliseconds + backwardMilliseconds, wallMs, softmax };
  }
}

interface StepTime extends Pick<StepResult, 'softmax'> {
  readonly ms: number;
  readonly wallMs: number;
}
