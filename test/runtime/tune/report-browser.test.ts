import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { writeReport } from '../../../runtime/tune/report/index.js';
import { skip } from '../../support/skips.js';
import { findChromium, launch, withPage, type Opened, type Viewing } from './browser.js';
import { hostile } from './odd-results.js';
import { sampleResult } from './sample-result.js';

const sample = sampleResult();
/** Words that no line has room for, and many candidates. */
const wide = sampleResult({
  subject: { loss: 'aLossWithAVeryLongNameThatNobodyBreaks'.repeat(4), device: hostile },
  axes: [{ level: 'block', knob: 'panel', values: ['resident', 'split'.repeat(60), hostile] }, { level: 'block', knob: 'stages', values: Array.from({ length: 40 }, (_, i) => i + 1) }],
  timed: 90,
});
const results = { sample, wide, untimed: sampleResult({ timed: 0 }), 'one candidate': sampleResult({ axes: [] }), 'failures alone': sampleResult({ timed: 9, failEvery: 1 }) };
type Name = keyof typeof results;

interface Case {
  readonly title: string;
  readonly of: Name;
  readonly viewing?: Viewing;
  readonly look: (t: ExecutionContext, opened: Opened) => Promise<void>;
}

const ofAll = (Object.keys(results) as Name[]).flatMap((of): readonly Case[] => [
  { title: `the report of ${of} asks for nothing, and the browser has nothing to say`, of, look: asksForNothing },
  { title: `nothing of the report of ${of} is wider than a telephone`, of, viewing: { width: 400 }, look: (t, { page }) => fits(t, page, 400) },
  { title: `nothing of the report of ${of} is wider than a wide window`, of, viewing: { width: 1600 }, look: (t, { page }) => fits(t, page, 1600) },
  { title: `words and marks of the report of ${of} stand out in light`, of, viewing: { colorScheme: 'light' }, look: standsOut },
  { title: `words and marks of the report of ${of} stand out in dark`, of, viewing: { colorScheme: 'dark' }, look: standsOut },
]);

const cases: readonly Case[] = [
  ...ofAll,
  { title: 'every chart has its marks', of: 'sample', look: hasMarks },
  { title: 'a click on a heading sorts, another turns the order around, and what is missing stays last', of: 'sample', look: sorts },
  { title: 'all is there without a script', of: 'sample', viewing: { script: false }, look: needsNoScript },
  { title: 'on paper nothing is cut off', of: 'wide', viewing: { width: 794 }, look: prints },
  { title: 'headings are in order, tables have captions and pictures have words', of: 'sample', look: hasWords },
];

const chromium = await findChromium();
if (chromium === undefined) {
  skip(cases.length, 'tests of the report in a browser', 'there is no chromium on PATH (apt-get install chromium)');
  test('what does not run here is told', (t) => t.pass());
} else {
  const browser = await launch(chromium);
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-report-'));
  test.before(async () => {
    for (const [name, result] of Object.entries(results)) await writeReport(result, path.join(folder, `${name}.html`));
  });
  test.after.always(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });
  for (const { title, of, viewing = {}, look } of cases) test.serial(title, (t) => withPage(browser, path.join(folder, `${of}.html`), viewing, (opened) => look(t, opened)));
}

async function asksForNothing(t: ExecutionContext, { page, requests, messages }: Opened): Promise<void> {
  await page.waitForLoadState('networkidle');
  t.deepEqual(requests, []);
  t.deepEqual(messages, []);
}

async function fits(t: ExecutionContext, page: Page, width: number): Promise<void> {
  t.is(await page.evaluate('document.documentElement.scrollWidth'), width);
  for (const chart of await page.locator('.chart svg').all()) {
    const box = await chart.boundingBox();
    t.true(box !== null && box.width > 250 && box.height > 150 && box.x >= 0 && box.x + box.width <= width);
  }
}

async function standsOut(t: ExecutionContext, { page }: Opened): Promise<void> {
  t.deepEqual(await faint(page), []);
}

async function hasMarks(t: ExecutionContext, { page }: Opened): Promise<void> {
  const { axes, best, timed, untimed, failed } = sample;
  const landscapes = page.locator('section[aria-labelledby=landscape] .chart');
  t.is(await landscapes.count(), axes.length);
  // The usual tiling and the winner have a mark of their own on top of that of all that were timed.
  for (const landscape of await landscapes.all()) t.is(await marksOf(landscape), timed.length + 2);
  const [prediction, roofline] = [page.getByRole('img', { name: /^Measured time against predicted/ }), page.getByRole('img', { name: /^Flop per second/ })];
  t.is(await marksOf(prediction), timed.length + 3);
  t.is(await marksOf(roofline), timed.length + untimed.length + failed.length + 3);
  t.is(await page.locator('section[aria-labelledby=plan] .chart text[font-weight="600"]').count(), 5);
  const winner = await landscapes.first().locator('[aria-roledescription=point][fill="var(--winner)"]').getAttribute('aria-label');
  t.true(winner?.endsWith(best.id));
}

async function sorts(t: ExecutionContext, { page }: Opened): Promise<void> {
  const byPrediction = [...sample.timed, ...sample.untimed].sort((a, b) => a.predicted.milliseconds - b.predicted.milliseconds).map(({ id }) => id);
  const [predicted, measured] = [page.getByRole('button', { name: 'predicted' }), page.getByRole('button', { name: 'measured' })];
  await predicted.click();
  t.deepEqual(await idsOf(page), byPrediction);
  t.is(await page.locator('th[aria-sort=ascending]').count(), 1);
  await predicted.press('Enter');
  t.deepEqual(await idsOf(page), [...byPrediction].reverse());
  await measured.click();
  await measured.click();
  const slowestFirst = [...sample.timed].reverse().map(({ id }) => id);
  t.deepEqual((await idsOf(page)).slice(0, slowestFirst.length), slowestFirst);
  t.is(await page.locator('th[aria-sort]').count(), 1);
}

async function needsNoScript(t: ExecutionContext, { page }: Opened): Promise<void> {
  t.deepEqual(await idsOf(page), [...sample.timed, ...sample.untimed].map(({ id }) => id));
  t.is(await page.getByRole('button').count(), 0);
  t.true(await page.getByText('as fast as the usual tiling').first().isVisible());
}

async function prints(t: ExecutionContext, { page }: Opened): Promise<void> {
  await page.emulateMedia({ media: 'print' });
  t.is(await page.evaluate("[...document.querySelectorAll('.scroll')].filter((box) => box.scrollHeight > box.clientHeight + 1).length"), 0);
}

async function hasWords(t: ExecutionContext, { page }: Opened): Promise<void> {
  const levels = await page.evaluate<readonly number[]>("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(({ nodeName }) => Number(nodeName.slice(1)))");
  t.is(levels.filter((level) => level === 1).length, 1);
  t.true(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1));
  t.is(await page.locator('table:not(:has(caption))').count(), 0);
  t.is(await page.locator('svg:not([aria-hidden=true]):not([role=img] svg)').count(), 0);
  t.is(await page.locator('[role=img]:not([aria-label])').count(), 0);
}

function marksOf(chart: Locator): Promise<number> {
  return chart.locator('[aria-roledescription=point]').count();
}

/** Of the candidates' table, in the order shown. */
function idsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate("[...document.querySelectorAll('#candidates tbody th')].map((cell) => cell.firstChild.textContent.trim())");
}

/**
 * Words with less contrast to what is behind them than 4.5, and marks with less than 3 (WCAG 2.2, 1.4.3 and 1.4.11).
 */
function faint(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = (color) => {
      const [r, g, b] = channels(color).map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const opaque = (color) => color.startsWith('rgb') && (channels(color)[3] ?? 1) > 0;
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) if (opaque(getComputedStyle(at).backgroundColor)) return getComputedStyle(at).backgroundColor;
      return 'rgb(255, 255, 255)';
    };
    const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
    const tell = (element, color, least) => (contrast(color, behind(element)) < least ? [element.nodeName + ' ' + element.textContent.slice(0, 40) + ': ' + color] : []);
    const words = [...document.body.querySelectorAll('*')].filter((element) => !['SCRIPT', 'title'].includes(element.nodeName) && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''));
    const marks = [...document.querySelectorAll('.chart [aria-roledescription=point]')];
    const colorOf = (element) => (element instanceof SVGElement ? getComputedStyle(element).fill : getComputedStyle(element).color);
    const inkOf = (mark) => [getComputedStyle(mark).fill, getComputedStyle(mark).stroke].filter(opaque).sort((a, b) => contrast(b, behind(mark)) - contrast(a, behind(mark)))[0];
    return [...words.flatMap((element) => tell(element, colorOf(element), 4.5)), ...marks.flatMap((mark) => tell(mark, inkOf(mark), 3))];
  })()`);
}
