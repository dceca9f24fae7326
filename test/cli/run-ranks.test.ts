import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { packagePath } from '../../codegen/emit/package-path.js';
import { writeNpy } from '../../runtime/index.js';
import { rows } from '../numeric/rows.js';
import { near, nearInFiles, numbersOf } from './results.js';
import { cli, temporaryFolder, writeMatrix, type Ran } from './support.js';

const [n, m, dim] = [23, 31, 12];

interface Inputs {
  readonly folder: string;
  readonly flags: readonly string[];
}

async function inputs(t: ExecutionContext, queries = rows(n, dim, 1), keys = rows(m, dim, 2)): Promise<Inputs> {
  const folder = await temporaryFolder(t);
  const flags = ['--queries', await writeMatrix(folder, 'q.npy', queries, dim), '--keys', await writeMatrix(folder, 'k.npy', keys, dim)];
  return { folder, flags: [...flags, '--params', 'logScale=2', '--threads', '1'] };
}

async function writeVector(folder: string, name: string, values: Int32Array): Promise<string> {
  const file = path.join(folder, name);
  await writeNpy(file, { element: 'i32', shape: [values.length], pieces: [values] });
  return file;
}

const counted = z.number().int().positive();
const ringSchema = z.strictObject({ ranks: counted, nodes: z.literal(1), transport: z.literal('local'), bytesForward: counted, bytesBackward: counted });
const reportSchema = z.looseObject({ ring: ringSchema.optional() });

function reportOf({ code, stdout, stderr }: Ran, t: ExecutionContext) {
  t.is(stderr, '');
  t.is(code, 0);
  t.is(stdout.split('\n').length, 2, 'one line, of rank 0');
  return reportSchema.parse(JSON.parse(stdout));
}

const cases: readonly { readonly what: string; readonly loss: string; readonly make: (t: ExecutionContext) => Promise<Inputs> }[] = [
  { what: 'rows that do not divide by the ranks', loss: 'infoNCE', make: (t) => inputs(t) },
  { what: 'both directions', loss: 'clip', make: (t) => inputs(t, rows(n, dim, 1), rows(n, dim, 2)) },
  { what: 'tensors stacked', loss: 'gte', make: (t) => inputs(t, rows(n, dim, 1), rows(n, dim, 2)) },
  {
    what: 'queries alone, with labels',
    loss: 'supCon',
    make: async (t) => {
      const folder = await temporaryFolder(t);
      const labels = await writeVector(folder, 'labels.npy', Int32Array.from({ length: n }, (_, i) => i % 5));
      const flags = ['--queries', await writeMatrix(folder, 'q.npy', rows(n, dim, 1), dim), '--rows', `label=${labels}`, '--cols', `label=${labels}`];
      return { folder, flags: [...flags, '--params', 'logScale=1', '--threads', '1'] };
    },
  },
];

for (const { what, loss, make } of cases) {
  test.serial(`several ranks report and write what one does: ${what}`, async (t) => {
    const { folder, flags } = await make(t);
    const run = async (ranks: number, out: string) => {
      const asked = loss === 'supCon' ? [] : ['--metrics'];
      return reportOf(await cli('run', loss, ...flags, '--lse', '--per-row', ...asked, '--json', '--ranks', String(ranks), '--out', path.join(folder, out)), t);
    };
    const one = await run(1, 'one');
    t.is(one.ring, undefined);
    const several = await run(4, 'several');
    t.is(several.ring?.ranks, 4);
    near(t, numbersOf(several), numbersOf(one));
    await nearInFiles(t, path.join(folder, 'several'), path.join(folder, 'one'));
  });
}

test.serial('positives of a file are keys by their number among all', async (t) => {
  const { folder, flags } = await inputs(t);
  const definition = path.join(folder, 'mapped.ts');
  await writeFile(definition, "import { indexMap, infoNCE, withPositives } from 'infinitile';\n\nexport const mapped = withPositives(infoNCE, indexMap);\n");
  const positives = await writeVector(folder, 'positives.npy', Int32Array.from({ length: n }, (_, i) => (i * 7) % m));
  const run = async (ranks: string) => reportOf(await cli('run', definition, ...flags, '--positives', positives, '--json', '--ranks', ranks), t);
  near(t, numbersOf(await run('3')), numbersOf(await run('1')));
});

test.serial('for people: who sent how much', async (t) => {
  const { flags } = await inputs(t);
  const { code, stdout } = await cli('run', 'infoNCE', ...flags, '--ranks', '2');
  t.is(code, 0);
  t.regex(stdout, /^workspace .* a rank; the dense matrix/m);
  t.regex(stdout, /^ring +2 ranks on 1 node, transport local; \S+ \w+ sent forward, \S+ \w+ backward$/m);
});

test.serial('what is wrong with one rank is told once, with its row in the file, and nothing is left', async (t) => {
  const queries = rows(n, dim, 1);
  queries[19 * dim + 2] = NaN;
  const { folder, flags } = await inputs(t, queries);
  const { code, stdout, stderr } = await cli('run', 'infoNCE', ...flags, '--ranks', '3', '--out', path.join(folder, 'out'));
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^INF4008 q \(.*q\.npy\) holds NaN or infinity: row 19 is the first such row\n {2}hint: [^\n]*\n$/);
  t.deepEqual((await readdir(folder)).sort(), ['k.npy', 'q.npy']);
});

test.serial('what every rank gets wrong is told once', async (t) => {
  const { folder, flags } = await inputs(t);
  const labels = await writeVector(folder, 'labels.npy', new Int32Array(n + 2));
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['run', 'infonce', ...flags], /^INF8003 there is no loss 'infonce'[^\n]*\n[^\n]*\n$/],
    [['run', 'infoNCE', ...flags, '--rows', `label=${labels}`], /^INF4015 attribute rows\.label \(.*\) has 25 rows\n {2}hint: one each is needed: 23\n$/],
    [['run', 'infoNCE', ...flags, '--positives', labels], /^INF4006 positives \(.*\) has 25 rows\n/],
    [['run', 'infoNCE', ...flags, '--transport', 'mpi'], /^INF8004 --ranks 3 are of one process; --transport mpi is between processes\n/],
    [['run', 'infoNCE', ...flags, '--out', path.join(folder, 'no', 'out')], /^INF6007 [^\n]*\n {2}hint: [^\n]*\n$/],
  ];
  for (const [line, message] of wrong) {
    const { code, stderr } = await cli(...line, '--ranks', '3');
    t.is(code, 1);
    t.regex(stderr, message);
  }
});

test.serial('more ranks than rows are refused', async (t) => {
  const { flags } = await inputs(t, rows(2, dim, 1));
  const { code, stderr } = await cli('run', 'infoNCE', ...flags, '--ranks', '3');
  t.is(code, 1);
  t.regex(stderr, /^INF4003 rank 2 was given no queries/);
});

test.serial('ranks on CPUs that another launcher than mpirun has started are told what carries their messages', async (t) => {
  const { flags } = await inputs(t);
  const launched = { RANK: '0', WORLD_SIZE: '2', LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500' };
  const { code, stdout, stderr } = await cliAs(launched, 'run', 'infoNCE', ...flags);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^INF7104 torchrun has started the ranks, and target cpu runs on CPUs, which send by MPI\n {2}hint: [^\n]*mpirun[^\n]*\n$/);
});

/** Runs a command line in a process of its own. */
function cliAs(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> {
  const command = ['--import=tsx', packagePath('runtime', 'cli', 'main.ts'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { ...process.env, ...environment } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
