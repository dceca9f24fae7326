import { formatDiagnostic, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { Terminal } from './terminal.js';

/** Tells what does not end a command, and is not as it should be. */
export function tellWarning(warning: Diagnostic, terminal: Terminal): void {
  terminal.err(`${terminal.colors.yellow('warning')} ${formatDiagnostic(warning)}\n`);
}
