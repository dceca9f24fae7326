import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { formatBytes } from '../../../codegen/plan/print.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import { bench, type Against, type BenchResult } from '../../bench/bench.js';
import { torchVersions } from '../../bench/torch-peer.js';
import { compile } from '../../compile.js';
import type { Kernel } from '../../kernel.js';
import { matrixShape, usesTensor } from '../../matrix-shape.js';
import type { Parameters } from '../../scalars.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { countOption, jsonOption, paramsOption, precisionOption, targetOption, threadsOption, tilingOption, workspaceOption } from '../options.js';
import { checkParameterFlags } from '../parameters.js';
import { Progress } from '../progress.js';
import { facts, formatMilliseconds, table } from '../report.js';
import type { Terminal } from '../terminal.js';

interface BenchFlags {
  readonly loss: string;
  readonly n: number;
  readonly m?: number;
  readonly dim: number;
  readonly precision: Precision;
  readonly params?: Parameters;
  readonly target?: string;
  readonly tiling?: string;
  readonly workspace?: number;
  readonly threads?: number;
  readonly repeat?: number;
  readonly against?: 'torch';
  readonly json?: true;
}

/** The line that `--json` prints. */
export interface BenchLine {
  readonly target: string;
  readonly precision: Precision;
  /** Rows and columns of the matrix. */
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  readonly forwardMs: number;
  readonly forwardBackwardMs: number;
  /** At 8 N M D, whatever the loss needs. */
  readonly gflops: number;
  readonly workspaceBytes: number;
  readonly peakExtraBytes: number;
  readonly against: Against | null;
}

/** Where training of such a loss starts or ends up; time hardly depends on them. */
const usualParameters: Parameters = { logScale: Math.log(50), bias: -10 };

export function benchCommand(terminal: Terminal): Command {
  return new Command('bench')
    .summary('time a loss on synthetic rows')
    .description('Time forward, and forward and backward, on synthetic unit rows: medians after a warm-up.')
    .addOption(new Option('--loss <loss>', 'a preset (clip, siglip, ntXent, ...), or an export of a file: losses.ts#mine').default('clip'))
    .addOption(countOption('--n <rows>', 'queries').default(16384))
    .addOption(countOption('--m <rows>', 'keys (default: as many)'))
    .addOption(countOption('--dim <count>', 'numbers in an embedding').default(512))
    .addOption(precisionOption().default('f32'))
    .addOption(paramsOption(' (default: logScale=ln 50, bias=-10)'))
    .addOption(targetOption())
    .addOption(tilingOption())
    .addOption(workspaceOption())
    .addOption(threadsOption())
    .addOption(countOption('--repeat <count>', 'timed rounds (default: about ten seconds, 3 to 25 rounds)'))
    .addOption(new Option('--against <peer>', "take turns with PyTorch's dense and row-chunk versions of the CLIP loss").choices(['torch']))
    .addOption(jsonOption())
    .action((flags: BenchFlags) => interruptible((signal) => run(flags, terminal, signal)));
}

async function run(flags: BenchFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const loss = await loadLoss(flags.loss);
  const params = checkParameterFlags(loss, withUsual(loss, flags.params ?? {}));
  const { n, dim, precision, threads = availableParallelism(), m = n } = flags;
  if (flags.against !== undefined) requireClip(loss, n, m);
  const tiling = flags.tiling === undefined ? {} : { tiling: await loadTiling(flags.tiling) };
  const progress = new Progress(terminal);
  const kernel = await compile(loss, {
    ...{ dim, precision, threads, signal, ...tiling },
    ...(flags.target === undefined ? {} : { target: flags.target }),
    ...(flags.workspace === undefined ? {} : { workspace: flags.workspace }),
    onBuild: (done, total) => progress.show('compiling', done, total),
  });
  try {
    const result = await bench({
      ...{ kernel, n, m, params, threads, signal, against: flags.against !== undefined },
      ...(flags.repeat === undefined ? {} : { repeat: flags.repeat }),
      onProgress: (done, total) => progress.show('timing', done, total),
      onAbsent: (peer, reason) => {
        progress.clear();
        terminal.err(`${peer} is left out: ${reason}\n`);
      },
    });
    progress.clear();
    const line = lineOf(kernel, flags, result);
    terminal.out(flags.json === true ? `${JSON.stringify(line)}\n` : printBench(line, result, kernel));
  } finally {
    progress.clear();
    kernel.close();
  }
}

function withUsual({ params }: PairwiseLoss, given: Parameters): Parameters {
  const usual = Object.entries(usualParameters).filter(([name]) => params.includes(name));
  return { ...Object.fromEntries(usual), ...given };
}

function requireClip({ name }: PairwiseLoss, n: number, m: number): void {
  if (name === 'clip' && n === m) return;
  throw new InfinitileError({
    code: 'INF8004',
    message: `--against torch times the symmetric CLIP loss; ${name === 'clip' ? `it pairs ${n} queries with ${m} keys only where these are as many` : `'${name}' is another one`}`,
    hint: name === 'clip' ? 'leave --m out' : 'leave --against or --loss out',
  });
}

function lineOf({ target, plan, loss }: Kernel, { n, m = n, dim }: BenchFlags, result: BenchResult): BenchLine {
  const { forwardMs, forwardBackwardMs, workspaceBytes, peakExtraBytes, against } = result;
  const matrix = matrixShape(loss, { queries: n, keys: usesTensor(loss, 'keys') ? m : 0 });
  const gflops = gflopsOf(matrix.n, matrix.m, dim, forwardBackwardMs);
  return { target: target.name, precision: plan.precision, n: matrix.n, m: matrix.m, dim, forwardMs, forwardBackwardMs, gflops, workspaceBytes, peakExtraBytes, against };
}

function gflopsOf(n: number, m: number, dim: number, milliseconds: number): number {
  return (8 * n * m * dim) / milliseconds / 1e6;
}

function printBench(line: BenchLine, result: BenchResult, kernel: Kernel): string {
  const { n, m, dim, against } = line;
  const rate = (milliseconds: number): string => gflopsOf(n, m, dim, milliseconds).toFixed(0);
  const peers = torchVersions.flatMap((version) => {
    const ms = against?.[version]?.ms;
    return ms === undefined ? [] : [[version, '', formatMilliseconds(ms), rate(ms), `${(ms / line.forwardBackwardMs).toFixed(2)} x our time`]];
  });
  const { forwardMs, forwardBackwardMs } = line;
  const rows = [['infinitile', formatMilliseconds(forwardMs), formatMilliseconds(forwardBackwardMs), rate(forwardBackwardMs), ''], ...peers];
  return [
    facts([
      ['loss', `${kernel.loss.name}, N ${n}, M ${m}, D ${dim}, ${line.precision}`],
      ['ran on', `${kernel.device.description}, target ${line.target}, tiling ${kernel.plan.tiling.name}`],
      ['memory', `workspace ${formatBytes(line.workspaceBytes)}; at most ${formatBytes(line.peakExtraBytes)} beyond inputs and outputs`],
      ['on device', `forward ${formatMilliseconds(result.forwardDeviceMs)}, forward and backward ${formatMilliseconds(result.forwardBackwardDeviceMs)}`],
    ]),
    table(['', 'forward', 'forward + backward', 'GFLOP/s', ''], rows, [1, 2, 3]),
    `medians of ${result.repeat} rounds, GFLOP/s at 8 N M D\n`,
  ].join('\n');
}
