import { readFileSync } from 'node:fs';
import test from 'ava';
import { diagnosticsPage, renderDiagnostics } from './diagnostics-page.js';

test('docs/diagnostics.md is what the catalog says', (t) => {
  t.is(readFileSync(diagnosticsPage, 'utf8'), renderDiagnostics(), 'it is written by npm run docs:diagnostics');
});
