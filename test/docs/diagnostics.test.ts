import { readFileSync } from 'node:fs';
import test from 'ava';
import { catalog } from '../../dsl/diagnostics/index.js';
import { examples } from './diagnostics/examples.js';
import { diagnosticsPage, renderDiagnostics } from './diagnostics-page.js';

for (const [code, { tell }] of examples) {
  test.serial(`the example of ${code} yields it, and nothing else`, async (t) => {
    t.deepEqual([...new Set((await tell()).map((mistake) => mistake.code))], [code]);
  });
}

test('every code has an example', (t) => {
  t.deepEqual([...examples.keys()].sort(), Object.keys(catalog).sort());
});

test.serial('docs/diagnostics.md is what the catalog and the examples say', async (t) => {
  t.is(readFileSync(diagnosticsPage, 'utf8'), await renderDiagnostics(), 'it is written by npm run docs:diagnostics');
});
