import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { StepResult } from '../session.js';
import type { ShapedArray } from '../tensor/tensor.js';
import type { BenchRequest } from './bench.js';
import { findPython } from './find-python.js';
import { TorchPeer, TorchUnable, torchVersions, type TorchStep, type TorchVersion } from './torch-peer.js';

/** Another implementation of the loss, warmed up and found to agree with ours. */
export interface Peer {
  readonly version: TorchVersion;
  /** Milliseconds of its turns so far. */
  readonly times: readonly number[];
  /** Steps once more. When it cannot, that is told, and it takes no further turns. */
  takeTurn(): Promise<void>;
  close(): void;
}

export type Meeting = BenchRequest & { readonly q: ShapedArray; readonly k: ShapedArray };

/**
 * Starts the peers there are, each in a process of its own, so that one that dies for want of memory takes no other with it.
 *
 * @throws {InfinitileError} when a peer computes another loss, or another gradient, than we do.
 */
export async function meetPeers(meeting: Meeting, ours: StepResult): Promise<readonly Peer[]> {
  const python = await findPython(process.env, meeting.signal);
  const peers: Peer[] = [];
  try {
    for (const version of torchVersions) {
      if (!python.found) meeting.onAbsent(version, `${python.reason} (${python.remedy})`);
      else peers.push(...(await meet(python.value.program, version, meeting, ours)));
    }
    return peers;
  } catch (error) {
    for (const peer of peers) peer.close();
    throw error;
  }
}

async function meet(program: string, version: TorchVersion, meeting: Meeting, ours: StepResult): Promise<readonly Peer[]> {
  const { kernel, threads, params, q, k, signal, onAbsent } = meeting;
  const logScale = params['logScale'] ?? 0;
  let torch: TorchPeer | undefined;
  try {
    torch = await TorchPeer.start(program, { device: kernel.target.device, threads, precision: kernel.plan.precision }, signal);
    await torch.load('q', q);
    await torch.load('k', k);
    requireAgreement(version, ours, await torch.step(version, logScale));
    return [new SteppingPeer(version, torch, logScale, onAbsent)];
  } catch (error) {
    torch?.close();
    if (!(error instanceof TorchUnable)) throw error;
    onAbsent(version, error.message);
    return [];
  }
}

class SteppingPeer implements Peer {
  readonly times: number[] = [];
  #able = true;

  constructor(
    readonly version: TorchVersion,
    private readonly torch: TorchPeer,
    private readonly logScale: number,
    private readonly onAbsent: BenchRequest['onAbsent'],
  ) {}

  async takeTurn(): Promise<void> {
    if (!this.#able) return;
    try {
      this.times.push((await this.torch.step(this.version, this.logScale)).ms);
    } catch (error) {
      if (!(error instanceof TorchUnable)) throw error;
      this.#able = false;
      this.onAbsent(this.version, error.message);
    }
  }

  close(): void {
    this.torch.close();
  }
}

const lossTolerance = 1e-4;
/** Sixteen-bit logits are what limits PyTorch's gradient of the scale. */
const gradientTolerance = 1e-2;

/** @throws {InfinitileError} where two implementations of one loss do not give the same. */
export function requireAgreement(version: TorchVersion, ours: Pick<StepResult, 'loss' | 'params'>, theirs: TorchStep): void {
  const apart = (what: string, a: number, b: number, tolerance: number) =>
    Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))
      ? []
      : [{ code: 'INF8006' as const, message: `${what}: ours is ${a}, that of ${version} is ${b}`, hint: `they may differ by ${tolerance}, relatively; nothing was timed` }];
  const diagnostics = [
    ...apart('the loss', ours.loss, theirs.loss, lossTolerance),
    ...apart('the gradient of logScale', ours.params['logScale'] ?? Number.NaN, theirs.logScaleGradient, gradientTolerance),
  ];
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
}
