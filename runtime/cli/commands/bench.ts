import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { bench, type BenchRequest } from '../../bench/bench.js';
import type { Entry } from '../../bench/contender.js';
import { peerNames, requirePeers, type PeerName } from '../../bench/peer-catalog.js';
import { benchRecord, caseRecords, type CaseRecord } from '../../bench/record.js';
import type { SyntheticShape } from '../../bench/synthetic.js';
import { withUsual } from '../../bench/usual-parameters.js';
import type { Parameters } from '../../scalars.js';
import type { Communicator } from '../../transport/communicator.js';
import { connectLocal } from '../../transport/local.js';
import { defaultLosses, parseCounts, parseLosses, parsePeers, parseRanks } from '../bench/flags.js';
import { printCases } from '../bench/print.js';
import { closeRanks, compileRanks } from '../bench/rank-kernels.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import {
  countOption, jsonOption, paramsOption, patienceOption, precisionOption, shareGpuOption, targetOption, threadsOption, tilingOption, workspaceOption,
} from '../options.js';
import { checkParameterFlags } from '../parameters.js';
import { Progress } from '../progress.js';
import { connectHere } from '../run/ranks.js';
import type { Terminal } from '../terminal.js';

interface BenchFlags {
  readonly loss: readonly string[];
  readonly n: readonly number[];
  readonly m?: number;
  readonly dim: readonly number[];
  readonly precision: Precision;
  readonly params?: Parameters;
  readonly target?: string;
  readonly tiling?: string;
  readonly workspace?: number;
  readonly threads?: number;
  readonly ranks?: readonly number[];
  /** Seconds. */
  readonly patience: number;
  readonly shareGpu?: true;
  readonly repeat?: number;
  readonly sweep?: true;
  readonly tuned?: true;
  readonly against?: readonly PeerName[];
  readonly json?: true;
}

export function benchCommand(terminal: Terminal): Command {
  return new Command('bench')
    .summary('time losses on synthetic rows')
    .description('Time forward, and forward and backward, on synthetic unit rows: medians after a warm-up. Lists of sizes are timed one after the other, lists of losses, and one loss on several numbers of ranks, in turns.')
    .addOption(
      new Option('--loss <loss,...>', 'presets (clip, siglip, ntXent, ...), or exports of files: losses.ts#mine; repeatable')
        .argParser(parseLosses)
        .default(defaultLosses, 'clip'),
    )
    .addOption(new Option('--n <rows,...>', 'queries').argParser(parseCounts).default([16384], '16384'))
    .addOption(countOption('--m <rows>', 'keys (default: as many)'))
    .addOption(new Option('--dim <count,...>', 'numbers in an embedding').argParser(parseCounts).default([512], '512'))
    .addOption(precisionOption().default('f32'))
    .addOption(paramsOption(' (default: logScale=ln 50, bias=-10)'))
    .addOption(targetOption())
    .addOption(tilingOption())
    .addOption(workspaceOption())
    .addOption(threadsOption('CPU workers of a rank (default: one per core, shared by the ranks)'))
    .addOption(new Option('--ranks <count,...>', 'share the matrix among so many ranks of this process, in turns with one that has it all').argParser(parseRanks))
    .addOption(patienceOption())
    .addOption(shareGpuOption())
    .addOption(countOption('--repeat <count>', 'timed rounds (default: about ten seconds, 3 to 25 rounds)'))
    .addOption(new Option('--tuned', 'take turns with the usual tiling, which runs where nothing was tuned'))
    .addOption(new Option('--sweep', 'also time every pass on the device; with --against cublas, as shares of the product of that shape'))
    .addOption(new Option('--against <peer,...>', `take turns with other implementations, of python3's packages: ${peerNames.join(', ')} (cublas: bare matrix products)`).argParser(parsePeers))
    .addOption(jsonOption())
    .action((flags: BenchFlags, command: Command) => interruptible((signal) => run(flags, command.parent?.args ?? [], terminal, signal)));
}

/** A loss as its flags describe it. */
interface Chosen {
  readonly loss: PairwiseLoss;
  readonly params: Parameters;
}

async function run(flags: BenchFlags, args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<void> {
  checkRanksFlags(flags);
  checkTunedFlags(flags);
  const chosen = await chooseLosses(flags);
  const shapes = flags.dim.flatMap((dim) => flags.n.map((n) => ({ n, m: flags.m ?? n, dim })));
  for (const { loss } of chosen) for (const { n, m } of shapes) requirePeers(flags.against ?? [], loss.name, n, m);
  const tiling = flags.tiling === undefined ? undefined : await loadTiling(flags.tiling);
  const progress = new Progress(terminal);
  const cases: CaseRecord[] = [];
  try {
    for (const [i, shape] of shapes.entries()) {
      const which = shapes.length === 1 ? '' : `${i + 1} of ${shapes.length}: `;
      const timed = await timeShape(chosen, shape, flags, tiling, {
        signal,
        onProgress: (phase, done, total) => progress.show(`${which}${phase}`, done, total),
        onAbsent: (peer, reason) => {
          progress.clear();
          terminal.err(`${peer} is left out: ${reason}\n`);
        },
      });
      progress.clear();
      if (flags.json !== true) terminal.out(`${i === 0 ? '' : '\n'}${printCases(timed)}`);
      cases.push(...timed);
    }
  } catch (error) {
    progress.clear();
    if (cases.length > 0) terminal.err(`${cases.length} of ${shapes.length * chosen.length} cases were timed: their figures are printed\n`);
    throw error;
  } finally {
    progress.clear();
    if (flags.json === true && cases.length > 0) terminal.out(`${JSON.stringify(benchRecord(args, cases))}\n`);
  }
}

async function chooseLosses(flags: BenchFlags): Promise<readonly [Chosen, ...Chosen[]]> {
  const [name = 'clip', ...names] = flags.loss;
  const first = await loadLoss(name);
  const others: PairwiseLoss[] = [];
  for (const other of names) others.push(await loadLoss(other));
  const known = new Set([first, ...others].flatMap(({ params }) => params));
  // What another of the losses has is not meant for this one; what none has is a mistake.
  const meant = (loss: PairwiseLoss): Parameters => Object.fromEntries(Object.entries(flags.params ?? {}).filter(([param]) => loss.params.includes(param) || !known.has(param)));
  const choose = (loss: PairwiseLoss): Chosen => ({ loss, params: checkParameterFlags(loss, withUsual(loss, meant(loss))) });
  return [choose(first), ...others.map(choose)];
}

/** Losses of one shape, or one loss on several numbers of ranks, in turns. */
async function timeShape(chosen: readonly [Chosen, ...Chosen[]], shape: SyntheticShape, flags: BenchFlags, tiling: Tiling | undefined, reporting: Pick<BenchRequest, 'signal' | 'onProgress' | 'onAbsent'>): Promise<readonly CaseRecord[]> {
  const { precision, threads, ranks: counts } = flags;
  const opened: Entry[] = [];
  const open = async ({ loss, params }: Chosen, rings: readonly Communicator[], tuned = true): Promise<void> => {
    const ranks = await compileRanks(loss, rings, {
      ...{ dim: shape.dim, precision, rows: shape.n, tuned, signal: reporting.signal },
      ...(tiling === undefined ? {} : { tiling }),
      ...(flags.target === undefined ? {} : { target: flags.target }),
      ...(flags.workspace === undefined ? {} : { workspace: flags.workspace }),
      ...(threads === undefined ? {} : { threads }),
      onBuild: (done, total) => reporting.onProgress('compiling', done, total),
    });
    opened.push({ ranks, params });
  };
  const here = { target: flags.target ?? 'cpu', patience: flags.patience * 1000, shareGpu: flags.shareGpu === true };
  try {
    const [only] = chosen;
    if (flags.tuned === true) await open(only, connectLocal(1), false);
    if (counts === undefined) for (const one of chosen) await open(one, connectLocal(1));
    else for (const count of counts) await open(only, await connectHere(count, here));
    const request = { ...reporting, entries: opened, shape, precision, threads: threads ?? availableParallelism(), sweep: flags.sweep === true, against: flags.against ?? [] };
    const results = await bench(flags.repeat === undefined ? request : { ...request, repeat: flags.repeat });
    return caseRecords(results, shape, opened.map(({ params }) => params));
  } finally {
    for (const { ranks } of opened) await closeRanks(ranks);
  }
}

function doesNotGo(flag: string, other: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF8004', message: `${flag} does not go with ${other}`, hint });
}

/** A tuned tiling is compared with the usual one of the same loss. */
function checkTunedFlags({ tuned, loss, tiling, ranks, against }: BenchFlags): void {
  if (tuned === undefined) return;
  if (loss.length > 1) throw doesNotGo('--tuned', `several losses: ${loss.join(', ')}`, 'time them one by one');
  if (tiling !== undefined) throw doesNotGo('--tuned', '--tiling', 'a tiling that is given is timed as it is');
  if (ranks !== undefined) throw doesNotGo('--tuned', '--ranks', 'ranks are compared with one rank');
  if (against !== undefined) throw doesNotGo('--tuned', '--against', 'others are compared with what runs, tuned or not');
}

/** Ranks are compared with one that does the same. */
function checkRanksFlags({ ranks, loss, n, m, sweep, against }: BenchFlags): void {
  if (ranks === undefined) return;
  const refuse = (other: string, hint: string) => doesNotGo('--ranks', other, hint);
  if (loss.length > 1) throw refuse(`several losses: ${loss.join(', ')}`, 'time them one by one');
  if (sweep === true) throw refuse('--sweep', 'the passes of one rank are timed without --ranks');
  const [most, rows] = [Math.max(...ranks), Math.min(...n, m ?? Infinity)];
  if (most > rows) throw refuse(`${rows} rows: there are ${most} ranks`, 'each rank has a row at least');
  if (against !== undefined) throw refuse('--against', 'others are compared with one rank, without --ranks');
}
