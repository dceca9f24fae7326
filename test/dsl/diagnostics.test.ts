import { readdirSync } from 'node:fs';
import test from 'ava';
import { catalog, formatDiagnostic, InfinitileError } from '../../dsl/index.js';
import { golden } from '../support/golden.js';

/** Each file in `mistakes/` is `<code>-<what>.ts` and exports a function that makes the mistake. */
const folder = new URL('./mistakes/', import.meta.url);
const mistakes = readdirSync(folder).filter((file) => file.endsWith('.ts'));

for (const file of mistakes) {
  const name = file.replace(/\.ts$/, '');
  test(`the message of ${name}`, async (t) => {
    const { declare } = (await import(new URL(file, folder).href)) as { readonly declare: () => unknown };
    const error = t.throws(declare, { instanceOf: InfinitileError });
    golden(t, `diagnostics/${name}.txt`, error.message);
    const code = `INF${name.slice(0, 4)}`;
    if (code in catalog) t.deepEqual([...new Set(error.diagnostics.map((diagnostic) => diagnostic.code))], [code]);
    for (const { hint, span, frame } of error.diagnostics) {
      t.truthy(hint);
      t.true((span === undefined) === (frame === undefined));
    }
  });
}

test('every diagnostic of the language has an example', (t) => {
  const codes = Object.keys(catalog).filter((code) => /^INF(1|2|30)/.test(code));
  for (const code of codes) t.true(mistakes.some((file) => code === `INF${file.slice(0, 4)}`), `${code} has no example in mistakes/`);
});

test('a diagnostic without a place or a hint is one line', (t) => {
  t.is(formatDiagnostic({ code: 'INF4003', message: 'Q is empty' }), 'INF4003 Q is empty');
});
