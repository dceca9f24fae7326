import { report } from './error.js';
import type { Diagnostic, Mistake } from './diagnostic.js';

/** Gathers diagnostics, so that all mistakes are told at once. */
export class DiagnosticCollector {
  readonly #found: Diagnostic[] = [];

  get diagnostics(): readonly Diagnostic[] {
    return this.#found;
  }

  add(...diagnostics: readonly Diagnostic[]): void {
    this.#found.push(...diagnostics);
  }

  /** @throws {InfinitileError} with everything that was added. */
  report(): void {
    report([...this.#found].sort(byPlace));
  }
}

/** In the order of the text; what has no place comes first. */
export function byPlace({ span: a }: Mistake, { span: b }: Mistake): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.start.line - b.start.line || a.start.column - b.start.column;
}
