import { performance } from 'node:perf_hooks';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { checkRanked } from '../../check-inputs.js';
import { compile, type CompileOptions } from '../../compile.js';
import type { Kernel } from '../../kernel.js';
import type { Parameters } from '../../scalars.js';
import type { Session, StepResult } from '../../session.js';
import { gatherNumbers, requireSame } from '../../transport/agree.js';
import type { Communicator } from '../../transport/communicator.js';
import { openInputs, type InputFiles } from '../inputs.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { checkParameterFlags } from '../parameters.js';
import { Progress } from '../progress.js';
import { denseBytes, flopsOf } from '../work.js';
import type { RunFlags } from './flags.js';
import { OutputDirectory } from './output-directory.js';
import type { RunReport } from './report.js';
import { takeBySide, takeGradient, takeLse, takeRanks, takeValues, type Taking } from './take.js';

/** What the command line says of a run. */
export interface RunRequest {
  readonly name: string;
  readonly flags: RunFlags;
  readonly signal: AbortSignal;
  /** Where rank 0 shows how far it is. */
  readonly screen: NodeJS.WriteStream | undefined;
}

/** One rank's part of a run; the report is of all ranks. */
export async function runRank({ name, flags, signal, screen }: RunRequest, ring: Communicator): Promise<RunReport> {
  const loss = await loadLoss(name);
  const params = checkParameterFlags(loss, flags.params ?? {});
  const tiling = flags.tiling === undefined ? undefined : await loadTiling(flags.tiling);
  const inputs = await openInputs(loss, flags, ring);
  if (flags.metrics === true) checkRanked(loss);
  await requireSame(ring, sharedFacts(flags, inputs));
  const output = flags.out === undefined ? undefined : await OutputDirectory.begin(flags.out, ring, signal);
  const progress = new Progress({ screen: ring.rank === 0 ? screen : undefined });
  // A rank that waits for another, which may be gone, hears of nothing else.
  const interrupt = (): void => ring.abort(signal.reason);
  signal.addEventListener('abort', interrupt);
  try {
    const kernel = await compile(loss, compileOptions(flags, inputs, tiling, { ring, signal, progress }));
    const report = await compute(kernel, { loss, params, inputs, flags, progress, ring, output, signal }).finally(() => kernel.close());
    signal.removeEventListener('abort', interrupt);
    await output?.commit(report);
    return report;
  } finally {
    signal.removeEventListener('abort', interrupt);
    progress.clear();
    await output?.discard();
  }
}

/** What decides which results ranks gather, in which order. What decides what they compute, the kernel compares. */
function sharedFacts({ forward, lse, perRow, metrics, out }: RunFlags, { parts: { whole } }: InputFiles): Readonly<Record<string, string>> {
  const flags = Object.entries({ forward, lse, perRow, metrics, out: out !== undefined });
  return { rows: String(whole.n), columns: String(whole.m), 'results asked for': flags.filter(([, asked]) => asked === true).map(([flag]) => flag).join(', ') };
}

interface Rank {
  readonly ring: Communicator;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

function compileOptions(flags: RunFlags, { dim, guideDim, precision }: InputFiles, tiling: Tiling | undefined, { ring, signal, progress }: Rank): CompileOptions {
  return {
    dim,
    ...(guideDim === undefined ? {} : { guideDim }),
    precision,
    signal,
    onBuild: (done, total) => progress.show('compiling', done, total),
    ...(tiling === undefined ? {} : { tiling }),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    ...(flags.workspace === undefined ? {} : { workspace: flags.workspace }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ring,
  };
}

interface Job extends Taking {
  readonly loss: PairwiseLoss;
  readonly params: Parameters;
  readonly inputs: InputFiles;
  readonly flags: RunFlags;
  readonly progress: Progress;
}

async function compute(kernel: Kernel, job: Job): Promise<RunReport> {
  const { inputs, flags, params, progress, signal } = job;
  const session = await kernel.session({ ...inputs.given, convert: flags.precision !== undefined }, signal);
  try {
    const started = performance.now();
    const step = await session.step({
      params,
      gradients: flags.forward !== true,
      forward: flags.lse === true || flags.perRow === true,
      reports: flags.metrics === true || (flags.perRow === true && job.loss.pairs !== undefined),
      signal,
      onProgress: (done, total) => progress.show('computing', done, total),
    });
    return await reportOf(kernel, session, step, (performance.now() - started) / 1000, job);
  } finally {
    session.close();
  }
}

async function reportOf(kernel: Kernel, session: Session, step: StepResult, ownSeconds: number, job: Job): Promise<RunReport> {
  const { loss, params, inputs, flags, ring } = job;
  const { parts, dim, precision } = inputs;
  const { n, m } = parts.whole;
  const walks = { gradients: flags.forward !== true, forward: flags.lse === true || flags.perRow === true || flags.metrics === true };
  const lseOf = (side: 'row' | 'col') => (loss[`${side}s`] === undefined ? null : takeLse(session, side, parts[side], job));
  const { seconds, workspaceBytes, bytesForward, bytesBackward } = await costsOf(step, ownSeconds, ring);
  return {
    name: loss.name,
    target: kernel.target.name,
    device: kernel.device.description,
    tiling: kernel.plan.tiling.name,
    precision,
    softmax: step.softmax,
    n,
    m,
    dim,
    params,
    loss: step.loss,
    gradients: walks.gradients
      ? {
          params: step.params,
          queriesNorm: await takeGradient(session, { name: 'dQueries', part: parts.queries, dim }, job),
          ...(parts.keys.total === 0 ? {} : { keysNorm: await takeGradient(session, { name: 'dKeys', part: parts.keys, dim }, job) }),
        }
      : null,
    lse: flags.lse === true ? { rows: await lseOf('row'), cols: await lseOf('col') } : null,
    ...(flags.perRow === true ? { perRow: await takeBySide((side) => takeValues(session, side, parts[side], job)) } : {}),
    ...(flags.metrics === true ? { metrics: await takeBySide((side) => takeRanks(session, side, parts[side], job)) } : {}),
    seconds,
    pairsPerSecond: (n * m) / seconds,
    gflops: flopsOf(loss, n, m, dim, walks) / seconds / 1e9,
    workspaceBytes,
    denseBytes: denseBytes(n, m),
    ...(ring.ranks === 1 ? {} : { ring: { ranks: ring.ranks, nodes: ring.nodes, transport: ring.transport, bytesForward, bytesBackward } }),
  };
}

/** Time and memory of the rank that takes most, and what all ranks sent. */
async function costsOf({ bound, traffic }: StepResult, seconds: number, ring: Communicator) {
  const own = Float64Array.of(seconds, bound.workspaceBytes, traffic?.forward ?? 0, traffic?.backward ?? 0);
  const ofRanks = await gatherNumbers(ring, own, 'time, memory and messages');
  const of = (place: number): readonly number[] => ofRanks.map((costs) => costs[place] ?? 0);
  const total = (place: number): number => of(place).reduce((sum, bytes) => sum + bytes, 0);
  return { seconds: Math.max(...of(0)), workspaceBytes: Math.max(...of(1)), bytesForward: total(2), bytesBackward: total(3) };
}
