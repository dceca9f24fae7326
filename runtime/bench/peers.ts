import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Kernel } from '../kernel.js';
import type { Parameters } from '../scalars.js';
import type { StepResult } from '../session.js';
import type { ShapedArray } from '../tensor/tensor.js';
import { findPython } from './find-python.js';
import { peerCatalog, versionsOf, type PeerName, type PeerVersion, type Tolerance } from './peer-catalog.js';
import { PeerProcess, PeerUnable, type PeerStep } from './peer-process.js';

export interface Meeting {
  readonly names: readonly PeerName[];
  readonly kernel: Kernel;
  readonly params: Parameters;
  readonly threads: number;
  readonly q: ShapedArray;
  readonly k: ShapedArray;
  readonly signal: AbortSignal;
  /** Told why a peer is not timed, or no longer. */
  readonly onAbsent: OnAbsent;
}

export type OnAbsent = (version: PeerVersion, reason: string) => void;

/** How far apart the loss and the gradients of the learned scalars were, and how far they may be. */
export interface Agreement {
  readonly lossApart: number;
  readonly gradientApart: number;
  readonly tolerance: Tolerance;
}

/** Another implementation of the loss. */
export interface Peer {
  readonly version: PeerVersion;
  /** Its turns so far. */
  readonly steps: readonly PeerStep[];
  /** Null of bare products, which compute no loss; and of a peer that is absent. */
  readonly agreement: Agreement | null;
  /** Why it takes no turns, or no more. */
  readonly absent: string | undefined;
  /** Steps once more. When it cannot, that is told, and it takes no further turns. */
  takeTurn(): Promise<void>;
  close(): void;
}

/**
 * Starts the peers, each in a process of its own, so that one that dies for want of memory takes no other with it, lets each warm
 * up, and compares its results with ours.
 *
 * @throws {InfinitileError} when a peer computes another loss, or another gradient, than we do.
 */
export async function meetPeers(meeting: Meeting, ours: StepResult): Promise<readonly Peer[]> {
  const { names, kernel, signal } = meeting;
  const versions = names.flatMap((name) => versionsOf(name, kernel.loss.name, kernel.target.device));
  if (versions.length === 0) return [];
  const python = await findPython(process.env, signal);
  const peers: Peer[] = [];
  try {
    for (const version of versions) {
      peers.push(python.found ? await meet(python.value.program, version, meeting, ours) : missing(version, `${python.reason} (${python.remedy})`, meeting.onAbsent));
    }
    return peers;
  } catch (error) {
    for (const peer of peers) peer.close();
    throw error;
  }
}

async function meet(program: string, version: PeerVersion, meeting: Meeting, ours: StepResult): Promise<Peer> {
  const { kernel, threads, params, q, k, signal, onAbsent } = meeting;
  const loss = kernel.loss.name;
  let child: PeerProcess | undefined;
  try {
    child = await PeerProcess.start(program, { version, loss, device: kernel.target.device, threads, precision: kernel.plan.precision }, signal);
    await child.load('q', q);
    await child.load('k', k);
    const agreement = requireAgreement(version, loss, ours, await child.step(params));
    return new SteppingPeer(version, child, params, agreement, onAbsent);
  } catch (error) {
    child?.close();
    if (!(error instanceof PeerUnable)) throw error;
    return missing(version, withRemedy(version, error.message), onAbsent);
  }
}

/** A package that is not there is named as pip knows it. */
function withRemedy(version: PeerVersion, reason: string): string {
  return /^(ModuleNotFound|Import)Error/.test(reason) ? `${reason} (pip install ${peerCatalog[version].package}, for the python3 on PATH)` : reason;
}

function missing(version: PeerVersion, reason: string, onAbsent: OnAbsent): Peer {
  onAbsent(version, reason);
  return { version, steps: [], agreement: null, absent: reason, takeTurn: () => Promise.resolve(), close: () => undefined };
}

class SteppingPeer implements Peer {
  readonly steps: PeerStep[] = [];
  absent: string | undefined;

  constructor(
    readonly version: PeerVersion,
    private readonly child: PeerProcess,
    private readonly params: Parameters,
    readonly agreement: Agreement | null,
    private readonly onAbsent: OnAbsent,
  ) {}

  async takeTurn(): Promise<void> {
    if (this.absent !== undefined) return;
    try {
      this.steps.push(await this.child.step(this.params));
    } catch (error) {
      if (!(error instanceof PeerUnable)) throw error;
      this.absent = error.message;
      this.onAbsent(this.version, error.message);
      // What it holds is free for the others.
      this.close();
    }
  }

  close(): void {
    this.child.close();
  }
}

/** Of the loss where the table has none: only peers that compute no loss. */
const exact: Tolerance = { loss: 0, gradient: 0 };

/** @throws {InfinitileError} where two implementations of one loss do not give the same. */
export function requireAgreement(version: PeerVersion, loss: string, ours: Pick<StepResult, 'loss' | 'params'>, theirs: Pick<PeerStep, 'loss' | 'gradients'>): Agreement | null {
  if (theirs.loss === null) return null;
  const tolerance = peerCatalog[version].tolerance[loss] ?? exact;
  const lossApart = apart(ours.loss, theirs.loss);
  const gradients = Object.entries(theirs.gradients).map(([name, value]) => ({ name, ours: ours.params[name] ?? Number.NaN, theirs: value }));
  const diagnostics = [
    ...disagreement(version, 'the loss', ours.loss, theirs.loss, tolerance.loss, tolerance),
    ...gradients.flatMap((gradient) => disagreement(version, `the gradient of ${gradient.name}`, gradient.ours, gradient.theirs, tolerance.gradient, tolerance)),
  ];
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
  return { lossApart, gradientApart: Math.max(0, ...gradients.map((gradient) => apart(gradient.ours, gradient.theirs))), tolerance };
}

/** Relatively; of 1 where the numbers are smaller. */
function apart(ours: number, theirs: number): number {
  return Math.abs(ours - theirs) / Math.max(1, Math.abs(ours));
}

function disagreement(version: PeerVersion, what: string, ours: number, theirs: number, allowed: number, { because }: Tolerance) {
  if (apart(ours, theirs) <= allowed) return [];
  const reason = because === undefined ? '' : ` (${because})`;
  return [{ code: 'INF8006' as const, message: `${what}: ours is ${ours}, that of ${version} is ${theirs}`, hint: `they may differ by ${allowed}, relatively${reason}; nothing was timed` }];
}
