import { Command } from 'commander';
import { formatDiagnostics } from '../../../dsl/diagnostics/index.js';
import { checkFiles, type Checked } from '../check/check-files.js';
import { describeMistake } from '../check/editor-format.js';
import { MistakesTold } from '../failure.js';
import { jsonOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface CheckFlags {
  readonly json?: true;
}

export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .summary('find all mistakes in files that declare losses and tilings')
    .description("Find all mistakes in files that declare losses and tilings, TypeScript's own type errors among them. The files are run; nothing is compiled for a device.")
    .argument('<file...>', 'TypeScript or JavaScript files')
    .addOption(jsonOption())
    .action(async (files: readonly string[], flags: CheckFlags) => tell(await checkFiles(files), flags, terminal));
}

function tell({ mistakes, files }: Checked, { json }: CheckFlags, terminal: Terminal): void {
  if (json === true) terminal.out(`${JSON.stringify(mistakes.map(describeMistake))}\n`);
  else if (mistakes.length > 0) terminal.out(`${formatDiagnostics(mistakes)}\n`);
  if (json !== true) terminal.err(`${count(mistakes.length, 'mistake')} in ${count(files, 'file')}\n`);
  if (mistakes.length > 0) throw new MistakesTold();
}

function count(n: number, word: string): string {
  return `${n === 0 ? 'no' : n} ${word}${n === 1 ? '' : 's'}`;
}
