import { performance } from 'node:perf_hooks';
import { Command } from 'commander';
import { formatBytes } from '../../../codegen/plan/print.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { checkRanked } from '../../check-inputs.js';
import { compile, type CompileOptions } from '../../compile.js';
import type { BySide, Kernel } from '../../kernel.js';
import type { Parameters } from '../../scalars.js';
import type { Session, StepResult } from '../../session.js';
import { openInputs, type InputFiles, type InputFlags } from '../inputs.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { attributeOption, jsonOption, paramsOption, precisionOption, targetOption, threadsOption, tilingOption, workspaceOption } from '../options.js';
import { OutputDirectory } from '../output-directory.js';
import { checkParameterFlags } from '../parameters.js';
import { Progress } from '../progress.js';
import { facts, formatMilliseconds, formatNumber, formatRate } from '../report.js';
import { takeBySide, takeGradient, takeLse, takeRanks, takeValues, writeResult, type Recall, type Summary } from '../run-output.js';
import type { Terminal } from '../terminal.js';
import { denseBytes, flopsOf } from '../work.js';

interface RunFlags extends InputFlags {
  readonly params?: Parameters;
  readonly tiling?: string;
  readonly target?: string;
  readonly workspace?: number;
  readonly threads?: number;
  readonly forward?: true;
  readonly lse?: true;
  readonly perRow?: true;
  readonly metrics?: true;
  readonly out?: string;
  readonly json?: true;
}

/** What `--json` prints and `result.json` holds. */
export interface RunReport {
  readonly name: string;
  readonly target: string;
  readonly device: string;
  readonly tiling: string;
  readonly precision: string;
  readonly softmax: string;
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  readonly params: Parameters;
  readonly loss: number;
  readonly gradients: { readonly params: Parameters; readonly queriesNorm: number; readonly keysNorm?: number } | null;
  readonly lse: { readonly rows: Summary | null; readonly cols: Summary | null } | null;
  /** Of what each row (column) adds to the loss, with `--per-row`. */
  readonly perRow?: BySide<Summary>;
  /** In-batch retrieval, with `--metrics`. */
  readonly metrics?: BySide<Recall>;
  readonly seconds: number;
  readonly pairsPerSecond: number;
  readonly gflops: number;
  readonly workspaceBytes: number;
  readonly denseBytes: number;
}

export function runCommand(terminal: Terminal): Command {
  return new Command('run')
    .summary('compute a loss and its gradients from files')
    .description('Compute a loss and its gradients from files of embeddings (.npy, .safetensors, file.safetensors#tensor).')
    .argument('<loss>', 'a preset (clip, siglip, ntXent, ...), or an export of a file: losses.ts#mine')
    .requiredOption('--queries <file>', 'Q [N, D], one embedding a row')
    .option('--keys <file>', 'K [M, D]; needless for a loss between queries alone')
    .option('--guide-queries <file>', 'for a guided loss: the guide of each query, of any depth')
    .option('--guide-keys <file>', 'and of each key')
    .addOption(attributeOption('--rows', 'the rows'))
    .addOption(attributeOption('--cols', 'the columns'))
    .option('--positives <file>', "for a loss with an index map: each query's key, -1 for none")
    .addOption(paramsOption())
    .addOption(tilingOption())
    .addOption(targetOption())
    .addOption(precisionOption(", and what is computed in (default: the files' own)"))
    .addOption(workspaceOption())
    .addOption(threadsOption())
    .option('--forward', 'the loss alone, without gradients')
    .option('--lse', 'also log sum exp of rows and columns')
    .option('--per-row', 'also what each row and column adds to the loss (with --out: rowValues.npy, colValues.npy)')
    .option('--metrics', 'also in-batch retrieval: recall at 1, 5 and 10, rows to columns and back (with --out: rowRanks.npy, colRanks.npy)')
    .option('--out <directory>', 'write dQueries.npy, dKeys.npy, with --lse rowLse.npy and colLse.npy, and result.json there')
    .addOption(jsonOption())
    .action((loss: string, flags: RunFlags) => interruptible((signal) => run(loss, flags, terminal, signal)));
}

async function run(name: string, flags: RunFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const loss = await loadLoss(name);
  const params = checkParameterFlags(loss, flags.params ?? {});
  const tiling = flags.tiling === undefined ? undefined : await loadTiling(flags.tiling);
  const inputs = await openInputs(loss, flags);
  if (flags.metrics === true) checkRanked(loss);
  const output = flags.out === undefined ? undefined : await OutputDirectory.begin(flags.out);
  const progress = new Progress(terminal);
  try {
    const kernel = await compile(loss, compileOptions(flags, inputs, tiling, signal, progress));
    try {
      const report = await compute(kernel, { loss, params, inputs, flags, output, progress, signal });
      progress.clear();
      terminal.out(flags.json === true ? `${JSON.stringify(report)}\n` : printReport(report));
    } finally {
      kernel.close();
    }
  } finally {
    progress.clear();
    await output?.discard();
  }
}

function compileOptions(flags: RunFlags, { dim, guideDim, precision }: InputFiles, tiling: Tiling | undefined, signal: AbortSignal, progress: Progress): CompileOptions {
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
  };
}

interface Job {
  readonly loss: PairwiseLoss;
  readonly params: Parameters;
  readonly inputs: InputFiles;
  readonly flags: RunFlags;
  readonly output: OutputDirectory | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
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
    const report = await gather(kernel, session, step, (performance.now() - started) / 1000, job);
    if (job.output !== undefined) {
      await writeResult(job.output, report);
      signal.throwIfAborted();
      await job.output.commit();
    }
    return report;
  } finally {
    session.close();
  }
}

async function gather(kernel: Kernel, session: Session, step: StepResult, seconds: number, job: Job): Promise<RunReport> {
  const { loss, params, inputs, flags, output, signal } = job;
  const { queries, keys, dim, precision } = inputs;
  const { n, m } = inputs.shape;
  const walks = { gradients: flags.forward !== true, forward: flags.lse === true || flags.perRow === true || flags.metrics === true };
  const lseOf = (side: 'row' | 'col') => (loss[`${side}s`] === undefined ? null : takeLse(session, side, output, signal));
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
          queriesNorm: await takeGradient(session, { name: 'dQueries', rows: queries, dim }, output, signal),
          ...(keys === 0 ? {} : { keysNorm: await takeGradient(session, { name: 'dKeys', rows: keys, dim }, output, signal) }),
        }
      : null,
    lse: flags.lse === true ? { rows: await lseOf('row'), cols: await lseOf('col') } : null,
    ...(flags.perRow === true ? { perRow: await takeBySide((side) => takeValues(session, side, output, signal)) } : {}),
    ...(flags.metrics === true ? { metrics: await takeBySide((side) => takeRanks(session, side, output, signal)) } : {}),
    seconds,
    pairsPerSecond: (n * m) / seconds,
    gflops: flopsOf(loss, n, m, dim, walks) / seconds / 1e9,
    workspaceBytes: step.bound.workspaceBytes,
    denseBytes: denseBytes(n, m),
  };
}

function printReport(report: RunReport): string {
  const { gradients, lse } = report;
  return facts([
    ['loss', `${formatNumber(report.loss)}   (${report.name}, N ${report.n}, M ${report.m}, D ${report.dim}, ${report.precision})`],
    ...(gradients === null
      ? []
      : ([
          ...Object.entries(gradients.params).map(([name, value]) => [`d ${name}`, formatNumber(value)] as const),
          ['|dQ|', formatNumber(gradients.queriesNorm)],
          ...(gradients.keysNorm === undefined ? [] : [['|dK|', formatNumber(gradients.keysNorm)] as const]),
        ] as const)),
    ...range('row lse', lse?.rows),
    ...range('column lse', lse?.cols),
    ...range('row loss', report.perRow?.rows),
    ...range('column loss', report.perRow?.cols),
    ...recall('rows find', report.metrics?.rows),
    ...recall('columns find', report.metrics?.cols),
    ['time', `${formatMilliseconds(report.seconds * 1000)}, ${formatRate(report.pairsPerSecond)} pairs/s, ${formatNumber(Math.round(report.gflops))} GFLOP/s`],
    ['workspace', `${formatBytes(report.workspaceBytes)}; the dense matrix would take ${formatBytes(report.denseBytes)}`],
    ['ran on', `${report.device}, target ${report.target}, tiling ${report.tiling}, softmax ${report.softmax}`],
  ]);
}

function range(name: string, summary: Summary | null | undefined): readonly (readonly [string, string])[] {
  if (summary === null || summary === undefined) return [];
  const { min, mean, max } = summary;
  return [[name, `${formatNumber(min)} .. ${formatNumber(max)}, mean ${formatNumber(mean)}`]];
}

function recall(name: string, found: Recall | undefined): readonly (readonly [string, string])[] {
  if (found === undefined) return [];
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  return [[name, `their positives first ${share(found.recallAt1)}, among five ${share(found.recallAt5)}, among ten ${share(found.recallAt10)}`]];
}
