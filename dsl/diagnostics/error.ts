import type { Diagnostic } from './diagnostic.js';
import { formatDiagnostics } from './format.js';

/** Mistakes of the person who wrote the loss, the tiling or the call: all that were found, each with what would be right. */
export class InfinitileError extends Error {
  override readonly name = 'InfinitileError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: Diagnostic | readonly Diagnostic[], options?: ErrorOptions) {
    const all = 'code' in diagnostics ? [diagnostics] : diagnostics;
    super(formatDiagnostics(all), options);
    this.diagnostics = all;
  }
}

/** Throws when anything was found. */
export function report(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
}
