import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { clip, compile, loadTiling, siglip } from '../../runtime/index.js';
import { cli, temporaryFolder, type Ran } from './support.js';
import { tiny } from './tune-tiling.js';

const file = path.join(import.meta.dirname, 'tune-tiling.ts');
const small = ['--dim', '16', '--n', '200', '--threads', '1'];
const args = ['tune', 'clip', ...small, '--tiling', `${file}#tiny`];

interface Told {
  readonly effort: string;
  readonly default: { readonly id: string; readonly ms: number | null };
  readonly best: { readonly id: string; readonly ms: number | null; readonly tiling: object };
  readonly candidates: number;
  readonly timed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly fromCache: boolean;
}

function told({ stdout }: Ran): Told {
  const parsed: unknown = JSON.parse(stdout);
  if (!isTold(parsed)) throw new Error(stdout);
  return parsed;
}

function isTold(value: unknown): value is Told {
  return typeof value === 'object' && value !== null && ['default', 'best', 'candidates', 'timed', 'failed', 'seconds', 'fromCache'].every((field) => field in value);
}

/** Runs with a cache directory of its own. */
async function inCache<T>(cache: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['INFINITILE_CACHE_DIR'];
  process.env['INFINITILE_CACHE_DIR'] = cache;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env['INFINITILE_CACHE_DIR'];
    else process.env['INFINITILE_CACHE_DIR'] = before;
  }
}

test.serial('a search is kept: it is not repeated, compile() takes it, and a file of it gives the same plan', async (t) => {
  const folder = await temporaryFolder(t);
  const [saved, csv, report] = ['tiling.json', 'tiling.csv', 'tiling.html'].map((name) => path.join(folder, name));
  if (saved === undefined || csv === undefined || report === undefined) throw new Error('three files');
  await inCache(path.join(folder, 'cache'), async () => {
    const first = await cli(...args, '--effort', 'full', '--json', '--save', saved, '--csv', csv, '--report', report);
    t.deepEqual([first.code, first.stderr], [0, '']);
    const found = told(first);
    t.deepEqual([found.candidates, found.timed, found.failed, found.fromCache], [4, 4, 0, false]);
    t.true((found.best.ms ?? Infinity) <= (found.default.ms ?? 0) || found.best.id === found.default.id);

    const rows = (await readFile(csv, 'utf8')).trimEnd().split('\r\n');
    t.is(rows[0], 'tiling,state,chunk.rows,block.cols,predicted_ms,ms,ms_low,ms_high,rounds,ratio,ratio_low,ratio_high,error,stage,reason');
    t.is(rows.length, 5);
    t.regex(await readFile(report, 'utf8'), /^<!doctype html>/i);

    const second = await cli(...args, '--effort', 'quick', '--json');
    t.deepEqual({ ...told(second), seconds: 0 }, { ...found, effort: 'quick', seconds: 0, fromCache: true }, second.stderr);

    const options = { dim: 16, threads: 1, tiling: tiny };
    const kernels = [await compile(clip, options), await compile(clip, { ...options, tuned: false }), await compile(clip, { ...options, tiling: await loadTiling(saved) }), await compile(siglip, options)];
    const [tuned, usual, loaded, another] = kernels;
    t.deepEqual(kernels.map(({ origin }) => origin), ['tuned', 'given', 'given', 'given']);
    t.deepEqual(tuned?.bind(200, 200), loaded?.bind(200, 200));
    t.deepEqual(tuned?.plan.tiling.chunk.rows, loaded?.plan.tiling.chunk.rows);
    t.is(usual?.plan.tiling.chunk.rows, 96);
    t.truthy(another);
    for (const kernel of kernels) kernel.close();

    const plan = await cli('inspect', 'clip', '--dim', '16', '--tiling', saved);
    t.is(plan.stderr, '');
    t.regex(plan.stdout, /configuration\n {2}given: /);
    const other = await cli('inspect', 'siglip', '--dim', '32', '--tiling', saved);
    t.regex(other.stderr, /warning INF6106 the tiling that was given was tuned for loss 'clip' \(this is 'siglip'\), dim 16 \(this is 32\)/);

    const bench = await cli('bench', '--loss', 'clip', '--n', '64', '--dim', '16', '--threads', '1', '--repeat', '1', '--tuned');
    t.is(bench.code, 0, bench.stderr);
    t.regex(bench.stdout, /in turns[^]*clip, usual[^]*clip, usual/, 'without a tiling of its own nothing was tuned');

    const listed = await cli('cache', 'list');
    t.regex(listed.stdout, /clip +\S+ +200 x 200, D 16, f32 +chunk/);
    t.regex((await cli('cache', 'clear')).stdout, /^removed \d+ kernel files, 1 tuned tiling,/);
    t.regex((await cli('cache', 'list')).stdout, /^0 kernel files, 0 B/);
  });
});

test.serial('Ctrl-C keeps what was measured, and the next search goes on from there', async (t) => {
  const cache = path.join(await temporaryFolder(t), 'cache');
  const env = { ...process.env, INFINITILE_CACHE_DIR: cache };
  // Steps of a third of a second: a search of them is not over before it hears of the signal, however busy the machine is.
  const slow = [...args, '--n', '8192', '--effort', 'full'];
  const child = spawn(process.execPath, ['--import=tsx', packagePath('runtime', 'cli', 'main.ts'), ...slow], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const measured = async (): Promise<readonly string[]> => {
    const names = (await readdir(cache, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.jsonl')).sort();
    return (await Promise.all(names.map((name) => readFile(path.join(cache, name), 'utf8')))).flatMap((text) => text.split('\n').filter((line) => line.includes('"times":{"')));
  };
  while (child.exitCode === null && (await measured()).length === 0) await delay(20);
  child.kill('SIGINT');
  t.is(await ended, 130, said);
  t.regex(said, /^stopped by SIGINT; what was measured of \d candidates? is kept, and the next search goes on from there\n$/);
  const before = await measured();
  t.false((await readdir(cache, { recursive: true })).some((name) => name.endsWith('winner.json')));

  const resumed = await inCache(cache, () => cli(...slow, '--json'));
  t.like(told(resumed), { timed: 4, failed: 0 });
  t.deepEqual((await measured()).slice(0, before.length), before);
});

test.serial('a cache that cannot be written is told of: the search does without', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'cache'), 'a file');
  const { code, stdout, stderr } = await inCache(path.join(folder, 'cache'), () => cli(...args, '--effort', 'full', '--json'));
  t.is(code, 0, stderr);
  t.regex(stderr, /^warning INF6104 nothing of this search is kept/);
  t.is(stderr.match(/INF6104/g)?.length, 1);
  t.is(told({ code, stdout, stderr }).timed, 4);
  t.is(await readFile(path.join(folder, 'cache'), 'utf8'), 'a file');
});

test.serial("effort none takes the model's first choice, and says so", async (t) => {
  const folder = await temporaryFolder(t);
  const { code, stdout } = await inCache(folder, () => cli(...args, '--effort', 'none'));
  t.is(code, 0);
  t.regex(stdout, /searched +0 of 4 candidates timed, 0 failed: effort none measures nothing/);
  t.regex(stdout, /margin +unmeasured: the model takes it to be \d+\.\d\d x as fast/);
});

const refused: Readonly<Record<string, readonly [code: number, message: RegExp, ...args: readonly string[]]>> = {
  'a budget too short for one candidate': [1, /^INF8008 a budget of 1s is over before .*\n {2}hint: take --budget \d+s or more/, ...args, '--budget', '20ms'],
  'knobs without a legal value': [1, /INF3104 no value of register\.rows is legal on .*: '100' and '200'/, 'tune', 'clip', ...small, '--tiling', `${file}#impossible`],
  'a file for the winner in a folder that there is not': [1, /^INF6007 /, ...args, '--save', '/absent/tiling.json'],
  'a file for the winner that is a folder': [1, /^INF6007 /, ...args, '--save', import.meta.dirname],
  'a GPU that there is not': [1, /^INF7001 /, ...args, '--target', 'sm_80'],
  'a target that there is not': [1, /^INF7001 /, ...args, '--target', 'sm_1'],
  'a parameter that the loss does not have': [1, /^INF4009 /, ...args, '--params', 'scale=2'],
  'a loss that there is not': [1, /^INF8003 /, 'tune', 'clipp'],
  'a time that is none': [2, /A time is a number of seconds/, ...args, '--budget', 'soon'],
  'no time': [2, /A time is a number of seconds/, ...args, '--budget', '0s'],
  'a seed that is none': [2, /A whole number from 0 is needed/, ...args, '--seed', '-1'],
  'an effort that there is not': [2, /Allowed choices are none, quick, full/, ...args, '--effort', 'much'],
};

for (const [what, [code, message, ...line]] of Object.entries(refused)) {
  test.serial(`${what}: refused, with what would be right`, async (t) => {
    const ran = await cli(...line);
    t.regex(ran.stderr.replace(/^error: /, ''), message);
    t.deepEqual([ran.code, ran.stdout], [code, '']);
  });
}

test.serial('a tiling file that is none, or is not there, is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const broken = path.join(folder, 'broken.json');
  await writeFile(broken, '{"kind": "tuned"}');
  t.regex((await cli('inspect', 'clip', '--tiling', broken)).stderr, /^INF6105 '.*broken\.json' holds no tiling: format: /);
  t.regex((await cli('inspect', 'clip', '--tiling', path.join(folder, 'absent.json'))).stderr, /^INF6001 /);
  await mkdir(path.join(folder, 'folder.json'));
  t.regex((await cli('inspect', 'clip', '--tiling', path.join(folder, 'folder.json'))).stderr, /^INF6001 /);
});
