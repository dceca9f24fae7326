import { Command, Option } from 'commander';
import type { Precision } from '../../../dsl/problem.js';
import type { Parameters } from '../../scalars.js';
import { writeText } from '../../tensor/write-text.js';
import type { Effort } from '../../tune/result.js';
import { saveTiling } from '../../tune/tiling-file.js';
import type { Asked } from '../../tune/report/command.js';
import { tune, type Tuned } from '../../tune/tune.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { countOption, jsonOption, paramsOption, precisionOption, targetOption, threadsOption, tilingOption, workspaceOption } from '../options.js';
import { parseDuration, parseSeed } from '../parse.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { tellWarning } from '../warning.js';
import { printCsv } from '../tune/csv.js';
import { describeTuned } from '../tune/json.js';
import { checkOutputs } from '../tune/outputs.js';
import { printTuned, progressNote } from '../tune/print.js';

interface TuneFlags {
  readonly dim: number;
  readonly n?: number;
  readonly m?: number;
  readonly precision: Precision;
  readonly target?: string;
  readonly tiling?: string;
  readonly params?: Parameters;
  readonly workspace?: number;
  readonly threads?: number;
  readonly effort: Effort;
  /** Seconds. */
  readonly budget?: number;
  readonly seed: number;
  readonly save?: string;
  readonly csv?: string;
  readonly report?: string;
  readonly json?: true;
}

export function tuneCommand(terminal: Terminal): Command {
  return new Command('tune')
    .summary('find the fastest tiling on this machine')
    .description('Search what a tiling leaves open for what runs a loss fastest on this machine, forward and backward, and keep it in the cache, where compile() finds it. The usual tiling is timed with the others: the winner is never slower.')
    .argument('<loss>', 'a preset (clip, siglip, ntXent, ...), or an export of a file: losses.ts#mine')
    .addOption(countOption('--dim <count>', 'numbers in an embedding').default(512))
    .addOption(countOption('--n <rows>', 'queries (default: as many as take about a quarter of a second)'))
    .addOption(countOption('--m <rows>', 'keys (default: as many)'))
    .addOption(precisionOption().default('f32'))
    .addOption(targetOption())
    .addOption(tilingOption('what is searched: levels that it sets stay, knobs left open take one of their values (default: all is open)'))
    .addOption(paramsOption(' (default: logScale=ln 50, bias=-10)'))
    .addOption(workspaceOption())
    .addOption(threadsOption())
    .addOption(new Option('--effort <how>', "none: the model's first choice, unmeasured; quick: what the model puts first, and some from all over the space; full: all").choices(['none', 'quick', 'full']).default('quick'))
    .addOption(new Option('--budget <time>', 'for everything, such as 90s or 5min (default, of quick: 60s on a CPU, 5min on a GPU)').argParser(parseDuration))
    .addOption(new Option('--seed <number>', 'which candidates a quick search adds to those that the model puts first').argParser(parseSeed).default(0))
    .option('--save <file.json>', 'write the winner to a file, which --tiling takes')
    .option('--csv <file.csv>', 'write all candidates to a file')
    .option('--report <file.html>', 'write a page that shows what was found: charts, the plan, all candidates')
    .addOption(jsonOption())
    .action((loss: string, flags: TuneFlags) => {
      const kept = { timed: 0, writable: true };
      return interruptible((signal) => run(loss, flags, terminal, signal, kept), () => keptMessage(kept));
    });
}

/** What an interrupted search leaves. */
interface Kept {
  /** Candidates whose measurements are in the cache. */
  timed: number;
  /** Whether the cache can be written. */
  writable: boolean;
}

function keptMessage({ timed, writable }: Kept): string {
  if (!writable) return 'nothing was kept';
  return timed === 0 ? 'nothing was measured' : `what was measured of ${timed} ${timed === 1 ? 'candidate' : 'candidates'} is kept, and the next search goes on from there`;
}

async function run(name: string, flags: TuneFlags, terminal: Terminal, signal: AbortSignal, kept: Kept): Promise<void> {
  const loss = await loadLoss(name);
  const tiling = flags.tiling === undefined ? undefined : await loadTiling(flags.tiling);
  await checkOutputs([flags.save, flags.csv, flags.report]);
  const progress = new Progress(terminal);
  try {
    const { dim, precision, effort, seed, n, m, target, params, workspace, threads, budget } = flags;
    const tuned = await tune(loss, {
      ...{ dim, precision, effort, seed, signal },
      ...(tiling === undefined ? {} : { tiling }),
      ...(n === undefined ? {} : { n }),
      ...(m === undefined ? {} : { m }),
      ...(target === undefined ? {} : { target }),
      ...(params === undefined ? {} : { params }),
      ...(workspace === undefined ? {} : { workspace }),
      ...(threads === undefined ? {} : { threads }),
      ...(budget === undefined ? {} : { budget }),
      onProgress: (made) => {
        kept.timed = made.timed;
        progress.show('tuning', made.timed + made.failed, made.total, progressNote(made));
      },
      onWarning: (warning) => {
        if (warning.code === 'INF6104') kept.writable = false;
        progress.clear();
        tellWarning(warning, terminal);
      },
    });
    progress.clear();
    if (flags.save !== undefined) await saveTiling(flags.save, tuned);
    if (flags.csv !== undefined) await writeText(flags.csv, printCsv(tuned));
    if (flags.report !== undefined) await report(tuned, flags.report, { ...flags, loss: name });
    terminal.out(flags.json === true ? `${JSON.stringify(describeTuned(tuned))}\n` : printTuned(tuned));
  } finally {
    progress.clear();
  }
}

/** Charts take their time to load. */
async function report(tuned: Tuned, path: string, asked: Asked): Promise<void> {
  const { writeReport } = await import('../../tune/report/index.js');
  await writeReport(tuned, path, asked);
}
