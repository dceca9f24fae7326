import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatDiagnostics, type Mistake } from '../../../dsl/diagnostics/index.js';
import { diagnosticsOf } from '../../../runtime/cli/failure.js';

/** A mistake that yields one code, and nothing else. */
export interface Example {
  /** What makes it, as docs/diagnostics.md shows it. */
  readonly shown: { readonly language: 'typescript' | 'console'; readonly text: string };
  /** Makes it, and gives what is told. */
  readonly tell: () => Promise<readonly Mistake[]>;
  /** What in the message is this machine's own. */
  readonly varies?: RegExp;
}

/** The diagnostics that work ends with. */
export async function toldBy(work: () => unknown): Promise<readonly Mistake[]> {
  try {
    await work();
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (diagnostics === undefined) throw error;
    return diagnostics;
  }
  return [];
}

/** What is told, as the page shows it: with the names of files alone, and the same on every machine. */
export function messageOf(mistakes: readonly Mistake[], varies: RegExp | undefined): string {
  const placed = mistakes.map((mistake) => (mistake.span === undefined ? mistake : { ...mistake, span: { ...mistake.span, file: path.basename(mistake.span.file) } }));
  const text = formatDiagnostics(placed).trimEnd();
  return [temporary, hash, ...(varies === undefined ? [] : [varies])].reduce((shown, pattern) => shown.replaceAll(pattern, '…'), text);
}

/** A folder that an example has made for itself. */
const temporary = new RegExp(`(?:/private)?${tmpdir()}/infinitile-\\w{6}`, 'g');

/** The name of a cache entry. */
const hash = /\b[0-9a-f]{64}\b/g;
