import { CommanderError } from 'commander';
import { compilerVersion } from '../../codegen/emit/header.js';
import { formatDiagnostic, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { Interrupted, interruptedExit } from './interrupt.js';
import type { Colors, Terminal } from './terminal.js';
import { ToldByFirstRank } from './told-by-first-rank.js';

/** Exit codes: a mistake in what was asked for, in how it was asked, and a mistake of ours (sysexits' EX_SOFTWARE). */
export const exitCodes = { ok: 0, mistake: 1, usage: 2, internal: 70, interrupted: interruptedExit } as const;

/** Ends a command whose result is a list of mistakes: it has told them. */
export class MistakesTold extends Error {
  override readonly name = 'MistakesTold';
}

/** Tells a failure to the person at the terminal and says how the process is to end. */
export function reportFailure(error: unknown, terminal: Terminal): number {
  // Commander has written its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Interrupted) {
    terminal.err(`${error.message}; ${error.kept}\n`);
    return exitCodes.interrupted;
  }
  if (error instanceof MistakesTold) return exitCodes.mistake;
  if (error instanceof ToldByFirstRank) return reportFailure(error.failure, { ...terminal, err: () => undefined });
  const diagnostics = diagnosticsOf(error);
  if (diagnostics !== undefined) {
    terminal.err(`${diagnostics.map((diagnostic) => colored(diagnostic, terminal.colors)).join('\n\n')}\n`);
    return exitCodes.mistake;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.err(`${text}\n\nThis is a mistake of infinitile ${compilerVersion}, not in what was asked for. Please report it, with the lines above and the command.\n`);
  return exitCodes.internal;
}

/** The diagnostics of an InfinitileError, of this copy of the package or of another. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] | undefined {
  if (!(error instanceof Error) || error.name !== 'InfinitileError' || !('diagnostics' in error)) return undefined;
  const { diagnostics } = error;
  return Array.isArray(diagnostics) && diagnostics.every(isDiagnostic) ? diagnostics : undefined;
}

function isDiagnostic(value: unknown): value is Diagnostic {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}

/** The text of {@link formatDiagnostic}, with its code and its hint coloured. */
function colored(diagnostic: Diagnostic, colors: Colors): string {
  const [first = '', ...rest] = formatDiagnostic(diagnostic).split('\n');
  const head = first.replace(diagnostic.code, (code) => colors.bold(colors.red(code)));
  return [head, ...rest.map((line) => (line.startsWith('  hint: ') ? colors.cyan(line) : line))].join('\n');
}
