import { markPlace, type CallSite } from './call-site.js';
import type { DiagnosticCollector } from './collector.js';
import type { Diagnostic } from './diagnostic.js';

/**
 * The declarations that are made while a file is checked, and their mistakes. A declaration does not throw meanwhile: a throw
 * would end the file's evaluation, and with it the search for mistakes in what comes after.
 */
export class Recording {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #files = new Set<string>();

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Absolute paths of the files that declarations were made in. */
  get files(): ReadonlySet<string> {
    return this.#files;
  }

  add(diagnostics: readonly Diagnostic[], site: CallSite | undefined): void {
    if (site !== undefined) this.#files.add(site.file);
    this.#diagnostics.push(...diagnostics.map((diagnostic) => ({ ...markPlace(site), ...diagnostic })));
  }
}

/** On the global object: the file that is checked may have another copy of this package. */
const shared: { [key: symbol]: Recording | undefined } = globalThis;
const current = Symbol.for('infinitile.recording');

/** Runs what declares losses and tilings, and records instead of throwing. One at a time. */
export async function record(work: () => Promise<void>): Promise<Recording> {
  const recording = new Recording();
  shared[current] = recording;
  try {
    await work();
  } finally {
    shared[current] = undefined;
  }
  return recording;
}

/** Ends a declaration, whose mistakes are thrown all at once, or recorded. */
export function conclude(collector: DiagnosticCollector, site: () => CallSite | undefined): void {
  const recording = shared[current];
  if (recording === undefined) collector.report();
  else recording.add(collector.diagnostics, site());
}
