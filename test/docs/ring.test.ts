import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { layOut } from '../../codegen/ring/layout.js';
import { simulate } from '../../codegen/ring/simulate.js';
import { drawPicture, pageCluster, renderRing, ringPage, ringPicture } from './ring-page.js';
import { ours } from './ring-settings.js';

const page = readFileSync(ringPage, 'utf8');

test('the page holds the tables as they are simulated', async (t) => {
  t.is(await renderRing(page), page, 'npm run docs:ring writes it');
});

test('the picture is what its command draws', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'infinitile-ring-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'ring.svg');
  await drawPicture(page, file);
  t.is(readFileSync(file, 'utf8'), readFileSync(ringPicture, 'utf8'), 'npm run docs:ring writes it');
});

test('a table goes to its place, and has one', async (t) => {
  await t.throwsAsync(renderRing(''), { message: /no place for hops, / });
  await t.throwsAsync(renderRing(page.replace('simulated: hops', 'simulated: hop')), { message: /a place for 'hop'/ });
  t.is(await renderRing(page.replace(/(<!-- simulated: hops -->\n)[^]*?(\n<!-- end -->)/, '$1old$2')), page);
});

test('a third shard in flight helps uneven shards, as the page says', async (t) => {
  const cluster = await pageCluster();
  const reached = [2, 3].map((inFlight) => {
    const ring = layOut({ ranks: 8, inFlight, rows: Array.from({ length: 8 }, () => 4000), cols: Array.from({ length: 8 }, (_, rank) => (rank % 2 === 0 ? 800 : 7200)) });
    return (100 * simulate(ring, ours, cluster).efficiency).toFixed(0);
  });
  t.true(page.includes(`from ${reached.join(' to ')} %`), reached.join(', '));
});
