import type { RunInputs } from '../../runtime/index.js';
import type { Session, StepOptions, StepResult } from '../../runtime/session.js';
import { settled, type RankKernel, type RingKernel, type WholeInputs } from './ring-kernel.js';

/** What a step gives that does not depend on the clock, of all ranks together. */
export interface Outcome extends Pick<StepResult, 'loss' | 'params' | 'softmax'> {
  readonly dQueries: readonly number[];
  readonly dKeys: readonly number[];
}

/** A session of each rank, stepped side by side. */
export class RingSessions {
  readonly ranks: readonly RankKernel[];
  readonly each: readonly Session[];

  private constructor(ranks: readonly RankKernel[], each: readonly Session[]) {
    this.ranks = ranks;
    this.each = each;
  }

  static async open(ring: RingKernel, inputs: WholeInputs): Promise<RingSessions> {
    const shape = ring.shapeOf(inputs);
    const parts = shape.tensors.map((_, rank) => ring.partOf(inputs, shape, rank));
    return RingSessions.of(await ring.kernels(parts.length), parts);
  }

  /** Of inputs that are given rank by rank. */
  static async of(ranks: readonly RankKernel[], parts: readonly RunInputs[]): Promise<RingSessions> {
    return new RingSessions(ranks, await settled(ranks.map(({ kernel }, rank) => kernel.session(parts[rank] ?? { q: new Float32Array() }))));
  }

  async step(options: StepOptions): Promise<readonly StepResult[]> {
    return settled(this.each.map((session) => session.step(options)));
  }

  /** @throws Error when ranks know of different losses, parameters' gradients or modes. */
  async outcome(options: StepOptions): Promise<Outcome> {
    const known = (await this.step(options)).map(({ loss, params, softmax }) => ({ loss, params, softmax }));
    const [first, ...others] = known;
    if (first === undefined || others.some((other) => JSON.stringify(other) !== JSON.stringify(first))) throw new Error(`ranks differ: ${JSON.stringify(known)}`);
    const read = (name: 'dQueries' | 'dKeys') => (options.gradients ? this.#gradient(name) : []);
    return { ...first, dQueries: await read('dQueries'), dKeys: await read('dKeys') };
  }

  close(): void {
    for (const session of this.each) session.close();
  }

  async #gradient(name: 'dQueries' | 'dKeys'): Promise<readonly number[]> {
    const all: number[] = [];
    for (const [rank, session] of this.each.entries()) {
      const values = new Float32Array(session.rows(name === 'dQueries' ? 'queries' : 'keys') * (this.ranks[rank]?.kernel.plan.dim ?? 0));
      if (values.length > 0) await session.read(name, values);
      all.push(...values);
    }
    return all;
  }
}
