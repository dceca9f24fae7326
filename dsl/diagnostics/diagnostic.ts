import type { DiagnosticCode } from './catalog.js';
import type { Span } from './span.js';

/** One mistake, told to the person who made it: what, where, why, and what to do. Another program's has a code of its own. */
export interface Mistake {
  readonly code: string;
  /** What is wrong and why, in one sentence. */
  readonly message: string;
  /** What would be right. */
  readonly hint?: string;
  readonly span?: Span;
  /** The marked source lines around `span`. */
  readonly frame?: string;
}

export interface Diagnostic extends Mistake {
  readonly code: DiagnosticCode;
}
