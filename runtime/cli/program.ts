import { Command } from 'commander';
import { compilerVersion } from '../../codegen/emit/header.js';
import { benchCommand } from './commands/bench.js';
import { cacheCommand } from './commands/cache.js';
import { checkCommand } from './commands/check.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { inspectCommand } from './commands/inspect.js';
import { ringCommand } from './commands/ring.js';
import { runCommand } from './commands/run.js';
import { tuneCommand } from './commands/tune.js';
import { reportFailure } from './failure.js';
import type { Terminal } from './terminal.js';

/** The command line as commander knows it. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('infinitile')
    .description('Pairwise losses compiled to kernels: the similarity matrix is never stored.')
    .version(compilerVersion, '-v, --version', 'print the version');
  for (const make of [runCommand, inspectCommand, checkCommand, benchCommand, tuneCommand, ringCommand, exportCommand, doctorCommand, cacheCommand]) program.addCommand(make(terminal));
  configure(program, terminal);
  return program;
}

/** Runs a command line (without node and script) and says how the process is to end. Never throws. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

/** Every command writes to our terminal and throws instead of ending the process. */
function configure(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError(`(infinitile ${command.parent === null ? '' : `${path(command)} `}--help lists what it takes)`)
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error:/, terminal.colors.bold(terminal.colors.red('error:')))),
      getOutHelpWidth: () => 110,
      getErrHelpWidth: () => 110,
    });
  for (const child of command.commands) configure(child, terminal);
}

function path(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${path(parent)} ${command.name()}`;
}
