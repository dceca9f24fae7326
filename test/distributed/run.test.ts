import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { unitRows } from '../../runtime/bench/rows.js';
import { near, nearInFiles, numbersOf } from '../cli/results.js';
import { cli, temporaryFolder, writeMatrix } from '../cli/support.js';
import { rows } from '../numeric/rows.js';
import { skip } from '../support/skips.js';
import { mpirun, whyNoMpi, type Otherwise, type Ran } from './mpirun.js';

/** The command line under mpirun, one run after another. */

const [n, dim] = [23, 12];

async function inputs(t: ExecutionContext, queries = rows(n, dim, 1)): Promise<{ readonly folder: string; readonly flags: readonly string[] }> {
  const folder = await temporaryFolder(t);
  await mkdir(path.join(folder, 'results'));
  const files = ['--queries', await writeMatrix(folder, 'q.npy', queries, dim), '--keys', await writeMatrix(folder, 'k.npy', rows(queries.length / dim, dim, 2), dim)];
  return { folder: path.join(folder, 'results'), flags: [...files, '--threads', '1'] };
}

function run(ranks: number, otherwise: Otherwise, args: readonly string[], meanwhile?: Parameters<typeof mpirun>[3]): Promise<Ran> {
  return mpirun(ranks, 'cli.ts', [JSON.stringify(otherwise), 'run', ...args], meanwhile);
}

/** Of a run: its output directory has been begun, and there was time to begin a pass. */
async function inTheMiddle(folder: string): Promise<void> {
  while ((await readdir(folder)).length === 0) await delay(50);
  await delay(2000);
}

/** What ranks say, without what mpirun adds. */
function saidBy({ stderr }: Ran): string {
  return stderr.replace(/^-{20,}\n[^]*?\n-{20,}\n|^\[[^\n]*\n/gm, '');
}

const losses: readonly { readonly loss: string; readonly params: string; readonly asked: readonly string[] }[] = [
  { loss: 'clip', params: 'logScale=2', asked: ['--lse', '--per-row', '--metrics'] },
  { loss: 'ntXent', params: 'logScale=1.5', asked: ['--lse'] },
  { loss: 'siglip', params: 'logScale=2.3,bias=-10', asked: [] },
];

/** Faults in the middle of a pass, of a run that would take many minutes. */
const faults: readonly { readonly title: string; readonly otherwise: Otherwise; readonly code: number; readonly said: RegExp }[] = [
  { title: 'killed', otherwise: { rank: 2, signal: 'SIGKILL' }, code: 137, said: /rank 2 with PID \d+ .*exited on signal 9/ },
  { title: 'killed, which made the output directory', otherwise: { rank: 0, signal: 'SIGKILL' }, code: 137, said: /rank 0 with PID \d+ .*exited on signal 9/ },
  { title: 'stopped', otherwise: { rank: 2, signal: 'SIGSTOP' }, code: 1, said: /^INF7101 rank [01], (?:forward|backward) pass, step \d of 4: (?:waiting for rank \d: rank \d has failed: .*)?rank 2 has not (?:sent|taken) \d+ bytes for 8000 ms\n {2}hint: [^\n]*\n$/ },
  { title: 'stopped, which tells of the others', otherwise: { rank: 0, signal: 'SIGSTOP' }, code: 1, said: /^INF7101 rank [12], (?:forward|backward) pass, step \d of 4: .*rank 0 has not (?:sent|taken) \d+ bytes for 8000 ms\n {2}hint: [^\n]*\n/ },
];

/** Each told once, with a hint. */
const differences: readonly { readonly what: string; readonly others: readonly string[]; readonly flags: (strategies: string) => readonly string[]; readonly said: RegExp }[] = [
  {
    what: 'parameters',
    others: ['clip', '--params', 'logScale=2'],
    flags: () => ['clip', '--params', 'logScale=3'],
    said: /^INF7102 parameter logScale: rank 0 has '2', rank 1 has '3'\n {2}hint: [^\n]*\n$/,
  },
  {
    what: 'losses and tilings',
    others: ['clip', '--params', 'logScale=2'],
    flags: (strategies) => ['infoNCE', '--params', 'logScale=2', '--tiling', `${strategies}#narrow`],
    said: /^INF7102 loss: rank 0 has 'clip \(\w+\)', rank 1 has 'infoNCE \(\w+\)'\n {2}hint: [^\n]*\n\nINF7102 tiling: rank 0 has 'automatic \(\w+\)', rank 1 has 'narrow \(\w+\)'\n {2}hint: [^\n]*\n$/,
  },
  {
    what: 'results asked for',
    others: ['clip', '--params', 'logScale=2', '--lse'],
    flags: () => ['clip', '--params', 'logScale=2', '--forward'],
    said: /^INF7102 results asked for: rank 0 has 'lse, out', rank 1 has 'forward, out'\n {2}hint: [^\n]*\n$/,
  },
];

const reason = await whyNoMpi();
if (reason === undefined) {
  for (const { loss, params, asked } of losses) {
    for (const ranks of [2, 4]) {
      test.serial(`${loss}: ${ranks} ranks report and write what one does`, async (t) => {
        const { folder, flags } = await inputs(t);
        const line = (out: string) => [loss, ...flags, '--params', params, ...asked, '--json', '--out', path.join(folder, out)];
        const one = await cli('run', ...line('one'));
        t.is(one.code, 0, one.stderr);
        const several = await run(ranks, {}, line('several'));
        t.is(several.code, 0, several.stderr);
        t.is(several.stderr, '');
        t.is(several.lines.length, 1, 'one line, of rank 0');
        const numbers = (text = ''): ReturnType<typeof numbersOf> => numbersOf(JSON.parse(text) as object);
        near(t, numbers(several.lines[0]), numbers(one.stdout));
        await nearInFiles(t, path.join(folder, 'several'), path.join(folder, 'one'));
      });
    }
  }

  test.serial('each rank reads its own rows: what is wrong with them is told once, with the row in the file', async (t) => {
    const queries = rows(n, dim, 1);
    queries[19 * dim + 2] = NaN;
    const { folder, flags } = await inputs(t, queries);
    const ran = await run(3, {}, ['clip', ...flags, '--params', 'logScale=2', '--out', path.join(folder, 'out')]);
    t.is(ran.code, 1);
    t.regex(saidBy(ran), /^INF7101 rank 2: INF4008 q \(.*q\.npy\) holds NaN or infinity: row 19 is the first such row\n {2}hint: [^\n]*\n$/);
    t.deepEqual([ran.lines, ran.left, await readdir(folder)], [[], [], []]);
  });

  for (const { what, others, flags: other, said } of differences) {
    test.serial(`ranks of different ${what} are told so before they work`, async (t) => {
      const { folder, flags } = await inputs(t);
      const strategies = path.join(folder, '..', 'strategies.ts');
      await writeFile(strategies, "import { tiling } from 'infinitile';\n\nexport const narrow = tiling('narrow', (t) => t.chunk({ rows: 64, cols: 64 }));\n");
      const ran = await run(2, { rank: 1, flags: other(strategies), others }, [...flags, '--out', path.join(folder, 'out')]);
      t.is(ran.code, 1);
      t.regex(saidBy(ran), said);
      t.deepEqual([ran.lines, ran.left, await readdir(folder)], [[], [], []]);
    });
  }

  for (const { title, otherwise, code, said } of faults) {
    test.serial(`a rank that is ${title}: the others end, and nothing is left`, async (t) => {
      const { folder, flags } = await inputs(t, unitRows(100_000, dim, 1));
      const ran = await run(3, otherwise, ['clip', ...flags, '--params', 'logScale=2', '--patience', '8', '--out', path.join(folder, 'out')]);
      t.is(ran.code, code, ran.stderr);
      t.regex(code === 1 ? saidBy(ran) : ran.stderr, said);
      t.deepEqual([ran.lines, ran.left, await readdir(folder)], [[], [], []]);
    });
  }

  test.serial('Ctrl-C to mpirun ends all ranks, and nothing is left', async (t) => {
    const { folder, flags } = await inputs(t, unitRows(100_000, dim, 1));
    const ran = await run(3, {}, ['clip', ...flags, '--params', 'logScale=2', '--out', path.join(folder, 'out')], (kill) => {
      void inTheMiddle(folder).then(() => kill('SIGINT'));
    });
    t.not(ran.code, 0);
    t.deepEqual([ran.lines, ran.left, await readdir(folder)], [[], [], []]);
  });
} else {
  skip(2 * losses.length + faults.length + differences.length + 2, 'runs of the command line under MPI', reason);
  test('what does not run here is told', (t) => t.pass());
}
