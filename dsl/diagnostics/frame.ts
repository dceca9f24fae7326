import { codeFrameColumns } from '@babel/code-frame';
import type { SourceText, Span } from './span.js';

/** The lines around a span's first line, with the span marked in it, in plain text. */
export function codeFrame({ text }: SourceText, { start, end }: Span): string {
  const firstLine = text.split('\n')[start.line - 1] ?? '';
  const marked = end.line === start.line ? end : { line: start.line, column: firstLine.trimEnd().length + 1 };
  return codeFrameColumns(text, { start, end: marked }, { highlightCode: false, linesAbove: 2, linesBelow: 1 });
}
