import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import Handlebars from 'handlebars';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import { renderReport, writeReport, type Asked } from '../../../runtime/tune/report/index.js';
import { headlineOf } from '../../../runtime/tune/report/headline.js';
import type { TuneResult } from '../../../runtime/tune/result.js';
import { anyResult, hostile } from './odd-results.js';
import { sampleResult } from './sample-result.js';

const { escapeExpression } = Handlebars;

test('a gain is told with its spread, and what it is compared with', (t) => {
  const { verdict, because } = headlineOf(sampleResult());
  t.is(verdict, '1.11× as fast as the usual tiling');
  t.is(because, 'It takes 11.3 ms, forward and backward. In half of the 12 rounds it was 1.11× to 1.12× as fast as the usual tiling, which took turns with it. 17 candidates were timed.');
});

const whole = sampleResult();
const untimed = sampleResult({ timed: 0 });
const nothingGained: TuneResult = { ...whole, best: whole.usual };
const cases: readonly { readonly name: string; readonly result: TuneResult; readonly verdict: RegExp; readonly because: RegExp }[] = [
  { name: 'no other is faster', result: nothingGained, verdict: /^Nothing to gain/, because: /^None of the 16 other candidates that were timed is faster beyond noise\. It takes 12\.6 ms/ },
  { name: 'all others failed', result: sampleResult({ timed: 4, failEvery: 1 }), verdict: /^Nothing to gain/, because: /^All 3 others that were tried failed/ },
  { name: 'there is one candidate', result: sampleResult({ axes: [] }), verdict: /^Nothing to gain/, because: /^There is no other that is legal here/ },
  { name: 'nothing was timed', result: untimed, verdict: /^The cost model’s first choice, untimed$/, because: /^Nothing was timed, as asked\. The model expects it to be 1\.\d+× as fast/ },
  { name: 'nothing was timed, and the model has no better', result: { ...untimed, best: untimed.usual }, verdict: /^The usual tiling, untimed$/, because: /the cost model puts the usual tiling first\.$/ },
];

for (const { name, result, verdict, because } of cases) {
  test(`the headline where ${name}`, (t) => {
    const headline = headlineOf(result);
    t.regex(headline.verdict, verdict);
    t.regex(headline.because, because);
  });
}

test('any result makes a whole page, with every candidate and nothing from elsewhere', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyResult, async (result) => {
      const page = await renderReport(result);
      for (const { id } of [...result.timed, ...result.untimed]) if (!page.includes(`<th scope="row">${escapeExpression(id)}`)) throw new Error(`${id} is not in the table`);
      for (const { id, reason } of result.failed) if (!page.includes(escapeExpression(id)) || !page.includes(escapeExpression(reason))) throw new Error(`${id} is not among the failures`);
      const wrong = /\b(NaN|Infinity|undefined|null|\[object)/.exec(visible(page));
      if (wrong !== null) throw new Error(`the page says ${wrong[0]}: ${page.slice(wrong.index - 80, wrong.index + 80)}`);
      const asks = reachesOut.exec(page);
      if (asks !== null) throw new Error(`the page asks for something: ${asks[0]}`);
      if (page.match(/<script/g)?.length !== 1) throw new Error('there is one script in the page');
    }),
    { numRuns: 30 },
  );
  t.pass();
});

/** Whatever would load something: names of XML's own are not among it. */
const reachesOut = /<(?:link|img|iframe|object|embed|base|image|use)\b|\b(?:src|href|srcset)\s*=|url\(|@import/i;

/** The page without its script and style, which speak of undefined values themselves. */
function visible(page: string): string {
  return page.replace(/<script>[^]*<\/script>/, '').replace(/<style>[^]*<\/style>/, '');
}

test('names, reasons and devices are text, whatever they hold', async (t) => {
  const result = sampleResult({ subject: { loss: hostile, device: hostile, compiler: hostile }, axes: [{ level: 'block', knob: 'panel', values: ['resident', hostile] }] });
  const [failed] = sampleResult().failed;
  if (failed === undefined) throw new Error('the sample has failures');
  const page = await renderReport({ ...result, machine: { ...result.machine, name: hostile }, failed: [{ ...failed, id: hostile, reason: hostile }] });
  t.false(page.includes('<script>alert'));
  t.false(page.includes(hostile));
  t.true(page.includes(escapeExpression(hostile)));
});

test('the page says how to search again, as it was asked for', async (t) => {
  const command = async (asked?: Asked) => /npx infinitile tune [^<]*/.exec(await renderReport(whole, asked))?.[0].trim();
  const { subject: { loss, dim, n }, seed } = whole;
  t.regex((await command()) ?? '', new RegExp(`^npx infinitile tune ${loss} --dim ${dim} --n ${n} .*--seed ${seed}$`));
  const asked = { loss: 'my losses.ts#mine', tiling: 'open.ts#open', params: { logScale: 2.5, bias: -10 }, budget: 90 };
  const said = (await command(asked)) ?? '';
  for (const part of [escapeExpression("tune 'my losses.ts#mine' --dim"), '--tiling open.ts#open ', `--params ${escapeExpression('logScale=2.5,bias=-10')} `, '--budget 90 ']) t.true(said.includes(part), `${part} in ${said}`);
});

test('the same result makes the same page', async (t) => {
  t.is(await renderReport(sampleResult()), await renderReport(sampleResult()));
});

test('a report that cannot be written is told, and leaves nothing behind', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'infinitile-report-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const error = await t.throwsAsync(writeReport(whole, path.join(folder, 'missing', 'report.html')), { instanceOf: InfinitileError });
  t.is(error.diagnostics[0]?.code, 'INF6007');
  await writeReport(whole, path.join(folder, 'report.html'));
  t.deepEqual(readdirSync(folder), ['report.html']);
  t.is(readFileSync(path.join(folder, 'report.html'), 'utf8'), await renderReport(whole));
});
