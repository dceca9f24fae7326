import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { Target } from '../../../codegen/targets/target.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Precision } from '../../../dsl/problem.js';
import { automatic } from '../../../dsl/tilings.js';
import type { Exported, Exporter } from '../../export/exporter.js';
import { formatNames, formats, type Format, type FormatName } from '../../export/formats.js';
import { isExport } from '../../export/is-export.js';
import { dropHidden, makeHidden, showHidden, writingTo } from '../hidden-directory.js';
import { chooseTarget } from '../inspect/request.js';
import { interruptible } from '../interrupt.js';
import { loadLoss, loadTiling } from '../load-definition.js';
import { countOption, precisionOption, tilingOption } from '../options.js';
import type { PlaceOptions } from '../output-place.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';

interface ExportFlags {
  readonly format: FormatName;
  readonly standalone?: boolean;
  readonly dim: number;
  readonly guideDim?: number;
  readonly precision: Precision;
  readonly target: string;
  readonly tiling?: string;
  readonly out: string;
  readonly force?: boolean;
}

/** Without `--force`, and with it. */
const keeping: PlaceOptions = { hint: 'name a directory that does not exist yet, or give --force to replace what an export has written' };
const replacing: PlaceOptions = { replaces: isExport, hint: '--force replaces what an export has written, and by its manifest.json none has written this: remove it by hand, or name another' };

export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .summary('write a loss as a library for other projects')
    .description('Write a loss as a library for other projects: a folder that builds and runs where infinitile is not installed, or, of an npm package, beside its runtime. No GPU is needed.')
    .argument('<loss>', 'a preset (clip, siglip, ntXent, ...), or an export of a file: losses.ts#mine')
    .addOption(new Option('--format <name>', `what to write: ${formatNames.map((name) => `${formats[name].summary} (${name})`).join(', ')}`).choices(formatNames).default('c'))
    .option('--standalone', 'an npm package that does not need infinitile: it is built when it is installed')
    .addOption(countOption('--dim <count>', 'numbers in an embedding').default(512))
    .addOption(countOption('--guide-dim <count>', "numbers in an embedding of the guide, for a guided loss (default: those of --dim)"))
    .addOption(precisionOption().default('f32'))
    .option('--target <names>', 'a list of targets, such as x86-64-v4,sm_90a,sm_80; the library chooses among them where it runs', 'cpu')
    .addOption(tilingOption('how the work is split; or a file.json of tune --save (default: the target chooses)'))
    .requiredOption('--out <directory>', 'where to write it')
    .option('--force', 'replace what an export has written there before')
    .action((loss: string, flags: ExportFlags) => interruptible((signal) => runExport(loss, flags, terminal, signal)));
}

async function runExport(name: string, flags: ExportFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { dim, guideDim, precision, out, force = false } = flags;
  const write = exporterFor(flags);
  const loss = await loadLoss(name);
  if (guideDim !== undefined && !loss.guide) throw new InfinitileError({ code: 'INF4016', message: `loss '${loss.name}' has no guide, and --guide-dim was given`, hint: 'leave --guide-dim out' });
  const targets = targetsNamed(flags.target);
  const tiling = flags.tiling === undefined ? automatic : await loadTiling(flags.tiling);
  const request = { loss, dim, precision, tiling, targets, ...(guideDim === undefined ? {} : { guideDim }) };
  const place = force ? replacing : keeping;
  const making = await makeHidden(out, place);
  const progress = new Progress(terminal);
  try {
    const exported = await write(request, { signal, onBuild: (done, total) => progress.show('compiling', done, total) });
    await writingTo(out, () => writeFiles(making, exported, signal));
    await showHidden(making, out, place);
    terminal.out(summary(exported, targets, out));
  } finally {
    progress.clear();
    await dropHidden(making);
  }
}

/** @throws {InfinitileError} INF7001 for a name that means no target. */
function targetsNamed(names: string): readonly Target[] {
  return names.split(',').map((name) => chooseTarget(name.trim()));
}

/** @throws {InfinitileError} INF8004 for --standalone with a format that has no such form. */
function exporterFor({ format, standalone = false }: ExportFlags): Exporter {
  const { write, writeStandalone }: Format = formats[format];
  if (!standalone) return write;
  if (writeStandalone !== undefined) return writeStandalone;
  throw new InfinitileError({ code: 'INF8004', message: `--standalone was given with --format ${format}`, hint: 'it goes with --format npm; what other formats write needs nothing of infinitile anyhow' });
}

async function writeFiles(folder: string, { files }: Exported, signal: AbortSignal): Promise<void> {
  for (const [name, content] of files) {
    signal.throwIfAborted();
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { flush: true });
  }
}

function summary({ name: exported, files }: Exported, targets: readonly Target[], out: string): string {
  const bytes = [...files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  const names = [...new Set(targets.map(({ name }) => name))].join(', ');
  return `${exported} for ${names}: ${files.size} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, in ${out}\nREADME.md says how to use it\n`;
}
