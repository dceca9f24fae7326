import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { golden } from '../support/golden.js';
import { cli, temporaryFolder } from './support.js';

const link = (bytesPerSecond: number): object => ({ latencySeconds: 5e-6, bytesPerSecond });

const cluster = { intra: link(4e11), inter: link(2.5e10), flopsPerSecond: 4e14, overlap: true };

test('what is printed of a ring of four', async (t) => {
  const { code, stdout, stderr } = await cli('ring', '--ranks', '4', '--n', '1024', '--dim', '64', '--precision', 'bf16');
  t.is(code, 0);
  t.is(stderr, '');
  golden(t, 'cli/ring-4.txt', stdout);
});

test('all that one rank does', async (t) => {
  const { code, stdout } = await cli('ring', '--ranks', '4', '--nodes', '2', '--n', '1024', '--rank', '3');
  t.is(code, 0);
  t.regex(stdout, /forward, rank 3\n {2}step 0 {2}send {5}keys of rank 3 from own to rank 2\n/);
  t.regex(stdout, /backward, rank 3\n[^]*receive {2}dKeys of rank 3 from rank 1 into result\n$/);
});

test('one line of JSON, with these fields and no others', async (t) => {
  const { code, stdout } = await cli('ring', '--ranks', '8', '--nodes', '2', '--n', '4096', '--dim', '96', '--precision', 'bf16', '--json');
  t.is(code, 0);
  t.deepEqual(JSON.parse(stdout), { ranks: 8, nodes: 2, steps: 10, verified: true, bytesPerHopForward: 512 * (2 * 96 + 8), bytesPerHopBackward: 512 * (2 * 96 + 4 * 96), bytesPerHopFinishedSums: 512 * 8, efficiency: null });
  t.regex(stdout, /^[^\n]+\n$/);
});

test('a ring is priced on a cluster', async (t) => {
  const folder = await temporaryFolder(t);
  const efficiency = async (described: object, ranks: string): Promise<unknown> => {
    const file = path.join(folder, 'cluster.json');
    await writeFile(file, JSON.stringify(described));
    const { code, stdout, stderr } = await cli('ring', '--ranks', ranks, '--simulate', file, '--json');
    t.is(code, 0, stderr);
    const report: unknown = JSON.parse(stdout);
    return typeof report === 'object' && report !== null && 'efficiency' in report ? report.efficiency : undefined;
  };
  t.is(await efficiency(cluster, '1'), 1);
  const [fast, slow] = [await efficiency(cluster, '8'), await efficiency({ ...cluster, intra: link(1e9) }, '8')];
  t.true(typeof fast === 'number' && typeof slow === 'number' && slow < fast && fast < 1, `${String(fast)} ${String(slow)}`);
  const file = path.join(folder, 'cluster.json');
  await writeFile(file, JSON.stringify(cluster));
  const { stdout } = await cli('ring', '--ranks', '2048', '--nodes', '256', '--n', '1e7', '--simulate', file);
  t.regex(stdout, /verified {2}no: of more than 256 ranks/);
  t.regex(stdout, /efficiency {2}9\d\.\d % of as many single ranks\n$/);
});

test('a timeline is drawn, in steps or in seconds', async (t) => {
  const folder = await temporaryFolder(t);
  const [svg, file] = [path.join(folder, 'ring.svg'), path.join(folder, 'cluster.json')];
  await writeFile(file, JSON.stringify(cluster));
  for (const [flags, unit] of [[[], '0 steps'], [['--simulate', file], '0 ms']] as const) {
    const { code, stderr } = await cli('ring', '--ranks', '4', '--nodes', '2', '--svg', svg, ...flags);
    t.is(code, 0, stderr);
    const text = await readFile(svg, 'utf8');
    t.regex(text, /^<svg [^]*<\/svg>\n$/);
    t.true(text.includes(unit));
    t.true(text.includes('rank 3, inter sums: dK1'));
  }
});

test('a cluster that is none is refused, with all that is wrong', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'cluster.json');
  const whole = JSON.stringify(cluster);
  for (const [text, message] of [
    ['', /is not JSON/],
    [whole.slice(0, -20), /is not JSON/],
    ['[]', /INF8007 .* describes no cluster: .*expected object/],
    [JSON.stringify({ ...cluster, inter: link(0), flopsPerSecond: '4e14' }), /inter\.bytesPerSecond: [^;]*; flopsPerSecond: [^;]*string/],
    [JSON.stringify({ ...cluster, overlap: undefined }), /overlap: /],
    [JSON.stringify({ ...cluster, intra: link(-1) }), /intra\.bytesPerSecond: /],
    [JSON.stringify({ ...cluster, nics: 8 }), /nics/],
  ] as const) {
    await writeFile(file, text);
    const { code, stdout, stderr } = await cli('ring', '--ranks', '4', '--simulate', file);
    t.is(code, 1, text);
    t.is(stdout, '');
    t.regex(stderr, /INF8007 /);
    t.regex(stderr, message);
    t.regex(stderr, /its form: \{"intra"/);
  }
});
