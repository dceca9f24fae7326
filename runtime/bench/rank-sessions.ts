import type { BoundPlan } from '../../codegen/plan/bind.js';
import type { Kernel } from '../kernel.js';
import type { Session, StepOptions, StepResult } from '../session.js';
import { onAllRanks, type RankHere } from '../transport/all-ranks.js';
import type { Communicator } from '../transport/communicator.js';
import type { SyntheticInputs } from './synthetic.js';

/** A rank of this process with its kernel; one alone has a group of one. */
export interface RankKernel {
  readonly ring: Communicator;
  readonly kernel: Kernel;
}

/** What ranks that share a matrix take beyond their inputs, and beyond inputs and outputs: of the one that takes most. */
export interface RankMemory {
  readonly peakBeyondInputsBytes: number;
  readonly peakExtraBytes: number;
}

interface Member extends RankHere {
  readonly kernel: Kernel;
  readonly session: Session;
}

/** A session of each rank, stepped together. */
export class RankSessions {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  static async open(ranks: readonly RankKernel[], inputsOf: (ring: Communicator) => Promise<SyntheticInputs>, signal: AbortSignal): Promise<RankSessions> {
    return new RankSessions(await onAllRanks(ranks, async ({ ring, kernel }) => ({ ring, kernel, session: await kernel.session(await inputsOf(ring), signal) })));
  }

  /** What each rank has of a step, in their order, when the last is done. Progress and commands are told of rank 0. */
  async step({ onProgress, onCommand, ...same }: StepOptions): Promise<readonly [StepResult, ...StepResult[]]> {
    const told = { ...(onProgress === undefined ? {} : { onProgress }), ...(onCommand === undefined ? {} : { onCommand }) };
    const [first, ...others] = await onAllRanks(this.#members, (member) => member.session.step({ ...same, ...(member === this.#members[0] ? told : {}) }));
    if (first === undefined) throw new Error('there are no ranks');
    return [first, ...others];
  }

  resetPeaks(): void {
    for (const { kernel } of this.#members) kernel.device.resetPeak();
  }

  /** Since the peaks were reset, given what each rank has of a step. */
  memory(steps: readonly StepResult[]): RankMemory {
    const extras = this.#members.map(({ kernel: { device } }, rank) => {
      const bound = steps[rank]?.bound;
      const [inputs, outputs] = [bytesOf(bound, 'input'), bytesOf(bound, 'output')];
      return { peakBeyondInputsBytes: device.peakBytes - inputs, peakExtraBytes: device.peakBytes - inputs - outputs };
    });
    return {
      peakBeyondInputsBytes: Math.max(...extras.map(({ peakBeyondInputsBytes }) => peakBeyondInputsBytes)),
      peakExtraBytes: Math.max(...extras.map(({ peakExtraBytes }) => peakExtraBytes)),
    };
  }

  close(): void {
    for (const { session } of this.#members) session.close();
  }
}

function bytesOf(bound: BoundPlan | undefined, wanted: 'input' | 'output'): number {
  return bound?.buffers.filter(({ role }) => role === wanted).reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
}
