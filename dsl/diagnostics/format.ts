import path from 'node:path';
import type { Mistake } from './diagnostic.js';

/** A diagnostic as people read it: `file:line:col code message`, then the frame, then the hint. */
export function formatDiagnostic({ code, message, span, frame, hint }: Mistake): string {
  const place = span === undefined ? '' : `${displayPath(span.file)}:${span.start.line}:${span.start.column} `;
  return [
    `${place}${code} ${message}`,
    ...(frame === undefined ? [] : ['', ...frame.split('\n').map((line) => `  ${line}`.trimEnd()), '']),
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
  ].join('\n');
}

export function formatDiagnostics(diagnostics: readonly Mistake[]): string {
  return diagnostics.map(formatDiagnostic).join('\n\n');
}

/** Relative to the working directory for files inside it, as compilers print them. */
function displayPath(file: string): string {
  const relative = path.isAbsolute(file) ? path.relative(process.cwd(), file) : file;
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative.split(path.sep).join('/');
}
