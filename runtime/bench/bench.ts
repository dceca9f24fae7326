import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BoundPlan } from '../../codegen/plan/bind.js';
import type { Kernel } from '../kernel.js';
import type { Parameters } from '../scalars.js';
import type { Session, StepResult } from '../session.js';
import { median } from './median.js';
import { syntheticInputs } from './synthetic.js';
import { meetPeers, type Peer } from './peers.js';
import type { TorchVersion } from './torch-peer.js';

export interface BenchRequest {
  readonly kernel: Kernel;
  readonly n: number;
  readonly m: number;
  readonly params: Parameters;
  readonly threads: number;
  /** Timed rounds; when absent, as many as take about ten seconds, from 3 to 25. */
  readonly repeat?: number;
  readonly against: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  /** Told why a peer is not timed, or no longer. */
  readonly onAbsent: (peer: TorchVersion, reason: string) => void;
}

/** Milliseconds of a peer, or null where it could not run. */
export type Against = Readonly<Record<TorchVersion, { readonly ms: number } | null>>;

export interface BenchResult {
  readonly forwardMs: number;
  readonly forwardBackwardMs: number;
  /** On the device alone. */
  readonly forwardDeviceMs: number;
  readonly forwardBackwardDeviceMs: number;
  readonly repeat: number;
  readonly workspaceBytes: number;
  /** The most that was allocated on the device, beyond inputs and outputs. */
  readonly peakExtraBytes: number;
  /** Null when nothing was asked to be compared. */
  readonly against: Against | null;
}

/** Peers take turns. Between two turns threads that spin for work of their own have to fall asleep. */
const restMilliseconds = 30;

/** Times a kernel on synthetic rows, round after round, each peer once a round. */
export async function bench(request: BenchRequest): Promise<BenchResult> {
  const { kernel, n, m, params, signal } = request;
  const { dim, precision } = kernel.plan;
  const inputs = syntheticInputs(kernel.loss, { n, m, dim, precision });
  const { q, k } = inputs;
  const session = await kernel.session(inputs, signal);
  let peers: readonly Peer[] = [];
  try {
    const started = performance.now();
    await timed(session, params, false, signal);
    kernel.device.resetPeak();
    const warm = (await timed(session, params, true, signal)).step;
    const peakExtraBytes = kernel.device.peakBytes - inputsAndOutputs(warm.bound);
    peers = request.against && k !== undefined ? await meetPeers({ ...request, q, k }, warm) : [];
    const repeat = request.repeat ?? Math.min(25, Math.max(3, Math.ceil(10_000 / (performance.now() - started))));
    const measured = await timeRounds(request, session, peers, repeat);
    return { ...measured, repeat, workspaceBytes: warm.bound.workspaceBytes, peakExtraBytes };
  } finally {
    for (const peer of peers) peer.close();
    session.close();
  }
}

type Measured = Omit<BenchResult, 'repeat' | 'workspaceBytes' | 'peakExtraBytes'>;

async function timeRounds({ params, against, signal, onProgress }: BenchRequest, session: Session, peers: readonly Peer[], repeat: number): Promise<Measured> {
  const forward: Timed[] = [];
  const both: Timed[] = [];
  for (let round = 0; round < repeat; round += 1) {
    onProgress(round, repeat);
    forward.push(await timed(session, params, false, signal));
    both.push(await timed(session, params, true, signal));
    for (const peer of peers) {
      await delay(restMilliseconds, undefined, { signal });
      await peer.takeTurn();
    }
    await delay(restMilliseconds, undefined, { signal });
  }
  const timeOf = (version: TorchVersion) => {
    const times = peers.find((peer) => peer.version === version)?.times ?? [];
    return times.length === repeat ? { ms: median(times) } : null;
  };
  return {
    forwardMs: median(forward.map(({ wall }) => wall)),
    forwardBackwardMs: median(both.map(({ wall }) => wall)),
    forwardDeviceMs: median(forward.map(deviceTime)),
    forwardBackwardDeviceMs: median(both.map(deviceTime)),
    against: against ? { 'torch-dense': timeOf('torch-dense'), 'torch-chunks': timeOf('torch-chunks') } : null,
  };
}

interface Timed {
  /** Milliseconds around the awaited step. */
  readonly wall: number;
  readonly step: StepResult;
}

async function timed(session: Session, params: Parameters, gradients: boolean, signal: AbortSignal): Promise<Timed> {
  const start = performance.now();
  const step = await session.step({ params, gradients, signal });
  return { wall: performance.now() - start, step };
}

function deviceTime({ step }: Timed): number {
  return step.forwardMilliseconds + step.backwardMilliseconds;
}

function inputsAndOutputs({ buffers }: BoundPlan): number {
  return buffers.filter(({ role }) => role === 'input' || role === 'output').reduce((sum, { bytes }) => sum + bytes, 0);
}
