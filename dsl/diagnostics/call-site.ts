import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeFrame } from './frame.js';
import type { Position, SourceText, Span } from './span.js';

/** Where a function of this package was called from. */
export interface CallSite extends Position {
  /** Absolute path. */
  readonly file: string;
}

/**
 * Remembers the caller of `callee`. The stack is taken now, which is cheap, and read (through source maps, where the
 * process has them) only when the function returned is called.
 */
export function captureCallSite(callee: (...args: never[]) => unknown): () => CallSite | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  return () => parseFrame(holder.stack?.split('\n').find((line) => /^\s*at /.test(line)));
}

/** A line of a stack: `at name (file:///a/b.ts:1:2)`, `at /a/b.ts:1:2`. */
export function parseFrame(frame: string | undefined): CallSite | undefined {
  const match = /(?:^|[\s(])((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/.exec(frame ?? '');
  const [, place, line, column] = match ?? [];
  if (place === undefined) return undefined;
  return { file: place.startsWith('file:') ? fileURLToPath(place) : place.replace(/\?.*$/, ''), line: Number(line), column: Number(column) };
}

export function readSource(file: string): SourceText | undefined {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch {
    return undefined;
  }
}

/** The name of the method or function at a call site, marked; nothing when the file does not say that there. */
export function markCallee(site: CallSite | undefined, callee: string): { readonly span?: Span; readonly frame?: string } {
  const source = site === undefined ? undefined : readSource(site.file);
  if (site === undefined || source === undefined) return {};
  const line = source.text.split('\n')[site.line - 1] ?? '';
  const here = line.startsWith(callee, site.column - 1) ? site.column : line.indexOf(`${callee}(`) + 1;
  if (here < 1) return {};
  const span = { file: site.file, start: { line: site.line, column: here }, end: { line: site.line, column: here + callee.length } };
  return { span, frame: codeFrame(source, span) };
}

/** A call site as a span of no length, with its frame. */
export function markPlace(site: CallSite | undefined): { readonly span?: Span; readonly frame?: string } {
  if (site === undefined) return {};
  const { file, line, column } = site;
  return markSpan({ file, start: { line, column }, end: { line, column } });
}

/** A span with its frame, for a diagnostic about something that keeps only its span. */
export function markSpan(span: Span | undefined): { readonly span?: Span; readonly frame?: string } {
  if (span === undefined) return {};
  const source = readSource(span.file);
  return source === undefined ? { span } : { span, frame: codeFrame(source, span) };
}
