import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BoundPlan } from '../../codegen/plan/bind.js';
import type { Kernel } from '../kernel.js';
import type { Parameters } from '../scalars.js';
import type { StepOptions, StepResult } from '../session.js';
import type { Traffic } from '../walks.js';
import { median } from './median.js';
import { PassTimes, type Pass, type Product } from './passes.js';
import { peerVersions, type PeerName, type PeerVersion } from './peer-catalog.js';
import { meetPeers, type Agreement, type OnAbsent, type Peer } from './peers.js';
import { RankSessions, type RankKernel, type RankMemory } from './rank-sessions.js';
import type { Synthetic, SyntheticInputs } from './synthetic.js';

/** A loss that is timed, on one rank or on several that share its matrix. */
export interface Entry {
  readonly ranks: readonly [RankKernel, ...RankKernel[]];
  readonly params: Parameters;
}

export interface ContenderOptions {
  readonly threads: number;
  /** Also take the time of every pass. */
  readonly sweep: boolean;
  readonly against: readonly PeerName[];
  readonly signal: AbortSignal;
  readonly onAbsent: OnAbsent;
}

/** What a peer took; or why it did not. */
export type PeerResult = TimedPeer | { readonly absent: string };

export interface TimedPeer {
  readonly ms: number;
  readonly parts: readonly Product[];
  /** The most it allocated on the device beyond its inputs; null where that is not known. */
  readonly peakBeyondInputsBytes: number | null;
  readonly note: string | null;
  readonly agreement: Agreement | null;
}

export interface BenchResult extends RankMemory {
  /** Of rank 0. */
  readonly kernel: Kernel;
  readonly bound: BoundPlan;
  readonly ranks: number;
  /** Milliseconds around the awaited step of all ranks, and on the device of rank 0 alone: medians. */
  readonly forwardMs: number;
  readonly forwardBackwardMs: number;
  readonly forwardDeviceMs: number;
  readonly forwardBackwardDeviceMs: number;
  /** Of forward and backward, the part of the step that the device does not work: the median of the rounds' differences. */
  readonly overheadMs: number;
  readonly rounds: number;
  /** Bytes that the rank sends which sends most. */
  readonly traffic: Traffic;
  /** Null unless asked for. */
  readonly passes: readonly Pass[] | null;
  /** Null when nothing was asked to be compared. */
  readonly against: Readonly<Partial<Record<PeerVersion, PeerResult>>> | null;
}

/** Contenders take turns. Between two turns threads that spin for work of their own have to fall asleep. */
const restMilliseconds = 30;

/** A short step is timed after others of its kind, as in training: waking up from a rest takes longer than it does. */
const settlingMilliseconds = 10;

/** A loss with its inputs on the device, and its peers, warmed up. */
export class Contender {
  readonly #entry: Entry;
  readonly #options: ContenderOptions;
  readonly #sessions: RankSessions;
  readonly #forward: Timed[] = [];
  readonly #both: Timed[] = [];
  readonly #passes = new PassTimes();
  /** Milliseconds that a step took the last time: without gradients, and with them. */
  readonly #lastWall = { forward: 0, both: 0 };
  #peers: readonly Peer[] = [];
  #memory: RankMemory | undefined;

  private constructor(entry: Entry, options: ContenderOptions, sessions: RankSessions) {
    this.#entry = entry;
    this.#options = options;
    this.#sessions = sessions;
  }

  /** @throws {InfinitileError} when a peer disagrees. */
  static async open(entry: Entry, synthetic: Synthetic, options: ContenderOptions, onProgress: (part: number) => void): Promise<Contender> {
    const [{ kernel }] = entry.ranks;
    const sessions = await RankSessions.open(entry.ranks, (ring) => synthetic.inputsOf(kernel.loss, ring), options.signal);
    const contender = new Contender(entry, options, sessions);
    try {
      await contender.#warmUp(await synthetic.inputsOf(kernel.loss), onProgress);
      return contender;
    } catch (error) {
      contender.close();
      throw error;
    }
  }

  /** One round; `onProgress` is told how much of it is done, from 0 to 1. */
  async takeTurn(onProgress: (part: number) => void): Promise<void> {
    const ours = this.#options.sweep ? 3 : 2;
    const turns = ours + this.#peers.length;
    const within = (turn: number) => (part: number) => onProgress((turn + part) / turns);
    this.#forward.push(await this.#settled({ gradients: false }, within(0)));
    this.#both.push(await this.#settled({ gradients: true }, within(1)));
    if (this.#options.sweep) await this.#timed({ gradients: true, onCommand: this.#passes.nextStep() }, within(2));
    for (const [i, peer] of this.#peers.entries()) {
      await this.#rest();
      await peer.takeTurn();
      within(ours + i)(1);
    }
    await this.#rest();
  }

  async result(): Promise<BenchResult> {
    const [{ kernel }] = this.#entry.ranks;
    const rounds = this.#both.length;
    const timed = this.#peers.map((peer) => ({ peer, result: resultOf(peer) }));
    const products = timed.flatMap(({ result }) => ('parts' in result ? result.parts : []));
    const { reports } = await kernel.load();
    const [first] = this.#both;
    if (first === undefined || this.#memory === undefined) throw new Error('no round was timed');
    const [{ bound }] = first.steps;
    return {
      ...{ kernel, bound, rounds, ranks: this.#entry.ranks.length, ...this.#memory },
      traffic: { forward: mostSent(first, 'forward'), backward: mostSent(first, 'backward') },
      forwardMs: median(this.#forward.map(({ wall }) => wall)),
      forwardBackwardMs: median(this.#both.map(({ wall }) => wall)),
      forwardDeviceMs: median(this.#forward.map(deviceTime)),
      forwardBackwardDeviceMs: median(this.#both.map(deviceTime)),
      overheadMs: median(this.#both.map((timed) => timed.wall - deviceTime(timed))),
      passes: this.#options.sweep ? this.#passes.passes(bound.plan, reports, products) : null,
      against: this.#options.against.length === 0 ? null : byVersion(timed),
    };
  }

  close(): void {
    for (const peer of this.#peers) peer.close();
    this.#sessions.close();
  }

  async #warmUp({ q, k }: SyntheticInputs, onProgress: (part: number) => void): Promise<void> {
    const { ranks: [{ kernel }], params } = this.#entry;
    await this.#timed({ gradients: false }, (part) => onProgress(part / 3));
    this.#sessions.resetPeaks();
    const { steps } = await this.#timed({ gradients: true }, (part) => onProgress((1 + part) / 3));
    this.#memory = this.#sessions.memory(steps);
    const { against: names, threads, signal, onAbsent } = this.#options;
    if (names.length > 0 && k !== undefined) this.#peers = await meetPeers({ names, kernel, params, threads, q, k, signal, onAbsent }, steps[0]);
    onProgress(1);
  }

  /** Times a step after others of its kind. */
  async #settled(options: Pick<StepOptions, 'gradients'>, onProgress: (part: number) => void): Promise<Timed> {
    const untimed = Math.floor(settlingMilliseconds / this.#lastWall[options.gradients ? 'both' : 'forward']);
    for (let i = 0; i < untimed; i += 1) await this.#timed(options, () => undefined);
    return this.#timed(options, onProgress);
  }

  async #timed(options: Pick<StepOptions, 'gradients' | 'onCommand'>, onProgress: (part: number) => void): Promise<Timed> {
    const { signal } = this.#options;
    const start = performance.now();
    const steps = await this.#sessions.step({ ...options, params: this.#entry.params, signal, onProgress: (done, total) => onProgress(done / total) });
    const wall = performance.now() - start;
    this.#lastWall[options.gradients ? 'both' : 'forward'] = wall;
    return { wall, steps };
  }

  async #rest(): Promise<void> {
    await delay(restMilliseconds, undefined, { signal: this.#options.signal });
  }
}

interface Timed {
  /** Milliseconds around the awaited step. */
  readonly wall: number;
  /** Of each rank. */
  readonly steps: readonly [StepResult, ...StepResult[]];
}

function deviceTime({ steps: [{ forwardMilliseconds, backwardMilliseconds }] }: Timed): number {
  return forwardMilliseconds + backwardMilliseconds;
}

function mostSent({ steps }: Timed, pass: keyof Traffic): number {
  return Math.max(...steps.map(({ traffic }) => traffic?.[pass] ?? 0));
}

function resultOf({ steps, absent, agreement }: Peer): PeerResult {
  const [first] = steps;
  if (absent !== undefined || first === undefined) return { absent: absent ?? 'it took no turn' };
  const peaks = steps.flatMap(({ peakBeyondInputsBytes }) => peakBeyondInputsBytes ?? []);
  return {
    ms: median(steps.map(({ ms }) => ms)),
    parts: first.parts.map(({ name }, part) => ({ name, ms: median(steps.flatMap(({ parts }) => parts[part]?.ms ?? [])) })),
    peakBeyondInputsBytes: peaks.length === 0 ? null : Math.max(...peaks),
    note: first.note,
    agreement,
  };
}

function byVersion(timed: readonly { readonly peer: Peer; readonly result: PeerResult }[]): NonNullable<BenchResult['against']> {
  const inOrder = [...timed].sort((a, b) => peerVersions.indexOf(a.peer.version) - peerVersions.indexOf(b.peer.version));
  return Object.fromEntries(inOrder.map(({ peer, result }) => [peer.version, result]));
}
