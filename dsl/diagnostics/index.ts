export { markSpan } from './call-site.js';
export { catalog, type CatalogRow, type DiagnosticCode } from './catalog.js';
export { DiagnosticCollector } from './collector.js';
export type { Diagnostic, Mistake } from './diagnostic.js';
export { InfinitileError, report } from './error.js';
export { formatDiagnostic, formatDiagnostics } from './format.js';
export { codeFrame } from './frame.js';
export type { Position, SourceText, Span } from './span.js';
export { didYouMean, listNames, showValue } from './words.js';
