import path from 'node:path';
import type { Mistake } from '../../../dsl/diagnostics/index.js';

/** A mistake for editors. Lines and columns count from 1, the end is exclusive; what has no place in a file has null. */
export interface EditorMistake {
  /** Absolute. */
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly frame: string | null;
}

export function describeMistake({ code, message, span, hint, frame }: Mistake): EditorMistake {
  return {
    file: span === undefined ? null : path.resolve(span.file),
    line: span?.start.line ?? null,
    column: span?.start.column ?? null,
    endLine: span?.end.line ?? null,
    endColumn: span?.end.column ?? null,
    code,
    message,
    hint: hint ?? null,
    frame: frame ?? null,
  };
}
