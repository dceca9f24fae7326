import { Command, Option } from 'commander';
import { interruptible } from '../interrupt.js';
import {
  attributeOption, countOption, jsonOption, paramsOption, patienceOption, precisionOption, shareGpuOption, targetOption, threadsOption, tilingOption,
  workspaceOption,
} from '../options.js';
import type { RunFlags } from '../run/flags.js';
import { runRank } from '../run/rank.js';
import { onRanks } from '../run/ranks.js';
import { printReport } from '../run/report.js';
import type { Terminal } from '../terminal.js';

export function runCommand(terminal: Terminal): Command {
  return new Command('run')
    .summary('compute a loss and its gradients from files')
    .description(
      'Compute a loss and its gradients from files of embeddings (.npy, .safetensors, file.safetensors#tensor). Several ranks share the work: those of --ranks, or those that mpirun, srun or torchrun start.',
    )
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
    .addOption(threadsOption('CPU workers of a rank (default: one per core, shared by the ranks of a node)'))
    .addOption(countOption('--ranks <count>', 'ranks of this process, each with a device of its own (default: as the launcher says)'))
    .addOption(patienceOption())
    .addOption(new Option('--transport <library>', 'what carries messages between ranks of a launcher (default: MPI between CPUs, NCCL between GPUs)').choices(['mpi', 'nccl']))
    .addOption(shareGpuOption())
    .option('--forward', 'the loss alone, without gradients')
    .option('--lse', 'also log sum exp of rows and columns')
    .option('--per-row', 'also what each row and column adds to the loss (with --out: rowValues.npy, colValues.npy)')
    .option('--metrics', 'also in-batch retrieval: recall at 1, 5 and 10, rows to columns and back (with --out: rowRanks.npy, colRanks.npy)')
    .option('--out <directory>', 'write dQueries.npy, dKeys.npy, with --lse rowLse.npy and colLse.npy, and result.json there')
    .addOption(jsonOption())
    .action((loss: string, flags: RunFlags) => interruptible((signal) => run(loss, flags, terminal, signal)));
}

/** Rank 0 alone tells of the run. */
async function run(name: string, flags: RunFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const report = await onRanks(flags, (ring) => runRank({ name, flags, signal, screen: terminal.screen }, ring), signal);
  if (report !== undefined) terminal.out(flags.json === true ? `${JSON.stringify(report)}\n` : printReport(report));
}
