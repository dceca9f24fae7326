import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { findPython } from '../../runtime/bench/find-python.js';
import { median } from '../../runtime/bench/median.js';
import { PassTimes } from '../../runtime/bench/passes.js';
import { benchSchema, type BenchRecord, type CaseRecord } from '../../runtime/bench/record.js';
import { drawMatrix, unitRows } from '../../runtime/bench/rows.js';
import { bf16ToF32, compile, clip } from '../../runtime/index.js';
import { busyFor } from '../support/busy.js';
import { cli } from './support.js';

const small = ['bench', '--n', '300', '--dim', '32', '--repeat', '2', '--threads', '1'];

/** Where .ci/run installs torch, and packages that imitate those which need a GPU. */
const torchFolder = path.resolve('build/peers');
const fakes = packagePath('test', 'cli', 'fake-peers');

async function recordOf(t: ExecutionContext, ...args: readonly string[]): Promise<BenchRecord> {
  const { code, stdout, stderr } = await cli(...args, '--json');
  t.is(stderr, '');
  t.is(code, 0);
  t.is(stdout.trimEnd().split('\n').length, 1);
  return benchSchema.parse(JSON.parse(stdout));
}

async function only(t: ExecutionContext, ...args: readonly string[]): Promise<CaseRecord> {
  const { cases } = await recordOf(t, ...args);
  const [first, ...others] = cases;
  if (first === undefined || others.length > 0) throw new Error(`${cases.length} cases`);
  return first;
}

async function withEnv<T>(env: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  }
}

/** Runs with torch and the imitations in Python's path; undefined, and told, where there is no torch. */
async function withTorch<T>(t: ExecutionContext, folders: readonly string[], work: () => Promise<T>, env: Readonly<Record<string, string>> = {}): Promise<T | undefined> {
  const paths = [...folders, ...(existsSync(torchFolder) ? [torchFolder] : []), ...(process.env['PYTHONPATH'] === undefined ? [] : [process.env['PYTHONPATH']])];
  return withEnv({ ...env, ...(paths.length === 0 ? {} : { PYTHONPATH: paths.join(path.delimiter) }) }, async () => {
    const python = await findPython();
    if (python.found) return work();
    t.log(`left out: ${python.reason}`);
    t.pass();
    return undefined;
  });
}

test.serial('one line of JSON', async (t) => {
  const record = await recordOf(t, ...small);
  t.is(record.command, `infinitile ${small.join(' ')} --json`);
  const [line] = record.cases;
  if (line === undefined) return t.fail();
  t.is(line.against, null);
  t.is(line.passes, null);
  t.is(line.ofFirst, null);
  t.is(line.rounds, 2);
  t.deepEqual(Object.keys(line.params), ['logScale']);
  // Of two rounds the median is the mean.
  t.true(Math.abs((line.overheadMs ?? NaN) - (line.forwardBackwardMs - line.forwardBackwardDeviceMs)) < 1e-9);
  t.true(line.peakExtraBytes >= line.workspaceBytes);
  t.is(line.peakBeyondInputsBytes - line.peakExtraBytes, 2 * 300 * 32 * 4);
  t.true(Math.abs(line.gflops / ((8 * 300 * 300 * 32) / line.forwardBackwardMs / 1e6) - 1) < 1e-12);
});

test.serial('a table, of a rectangular loss of one direction and of one with a bias', async (t) => {
  for (const more of [['--loss', 'infoNCE', '--m', '400'], ['--loss', 'siglip', '--precision', 'bf16']]) {
    const { code, stdout, stderr } = await cli(...small, ...more);
    t.is(stderr, '');
    t.is(code, 0);
    t.regex(stdout, /^infinitile +[\d.]+ (µs|ms) +[\d.]+ (µs|ms) +\d+ +[\d.]+ [KM]iB$/m);
    t.regex(stdout, /^medians of 2 rounds/m);
  }
});

test.serial('a sweep: the passes of a step, with what they multiply', async (t) => {
  const { passes, forwardBackwardDeviceMs } = await only(t, ...small, '--sweep', '--tiling', path.resolve('test/cli/bench-tiling.ts#halves'));
  if (passes === null) return t.fail();
  const matrix = passes.filter(({ tflops }) => tflops !== null);
  t.deepEqual(matrix.map(({ name }) => name), ['stats', 'gradient', 'accumulateQueries', 'accumulateKeys']);
  for (const { name, launches, ms, tflops, ofProduct } of matrix) {
    t.is(launches, 2, name);
    t.true(Math.abs((tflops ?? 0) / ((2 * 300 * 300 * 32) / ms / 1e9) - 1) < 1e-12, name);
    t.is(ofProduct, null);
  }
  t.true(passes.some(({ name }) => name === 'fill') && passes.some(({ name }) => name === 'merge'));
  const sum = passes.reduce((total, { ms }) => total + ms, 0);
  t.true(sum > 0 && sum < 100 * forwardBackwardDeviceMs);

  const { stdout } = await cli(...small, '--sweep');
  t.regex(stdout, /^pass +launches +time +TFLOP\/s/m);
  t.regex(stdout, /^stats +1 +[\d.]+ (µs|ms) +[\d.e-]+$/m);
  t.regex(stdout, /^all +[\d.]+ (µs|ms)$/m);
});

test.serial('ranks that share the matrix take turns with one that has it all', async (t) => {
  const { cases } = await recordOf(t, ...small, '--ranks', '3,1,2');
  t.deepEqual(cases.map(({ ring }) => ring?.ranks), [1, 3, 2]);
  const [one, three] = cases;
  if (one === undefined || three === undefined) return t.fail();
  t.deepEqual(one.ring, { ranks: 1, bytesForward: 0, bytesBackward: 0 });
  t.deepEqual(one.ofFirst, { wall: 1, device: 1 });
  for (const { loss, n, m, dim, rounds, forwardMs, forwardBackwardMs, forwardBackwardDeviceMs, ofFirst, chunk, ring, peakExtraBytes, workspaceBytes } of cases) {
    const ranks = ring?.ranks ?? 0;
    t.deepEqual([loss, n, m, dim, rounds], ['clip', 300, 300, 32, 2], 'the whole');
    t.is(chunk.rows, 300 / ranks, 'and the part of rank 0');
    t.true(forwardMs > 0 && forwardBackwardDeviceMs > 0);
    t.is(ofFirst?.wall, forwardBackwardMs / one.forwardBackwardMs);
    t.true(peakExtraBytes >= workspaceBytes);
  }
  // Keys go two hops, backward with two numbers of their softmax. Their sums, two numbers forward, then gradients, go one more: home.
  const numbers = 100 * 4;
  t.is(three.ring?.bytesForward, numbers * (2 * 32 + 3 * 2));
  t.is(three.ring?.bytesBackward, numbers * (2 * (32 + 2) + 3 * 32));
  t.true(three.peakExtraBytes < one.peakExtraBytes);
});

test.serial('ranks, for people', async (t) => {
  const { code, stdout, stderr } = await cli(...small, '--loss', 'supCon', '--ranks', '2');
  t.is(stderr, '');
  t.is(code, 0);
  t.regex(stdout, /^loss +supCon, N 300, M 300, D 32, f32$/m);
  t.regex(stdout, /^ +1 +([\d.]+ (µs|ms) +){2}1\.000 x +([\d.]+ (µs|ms) +){2}0 B +0 B +[\d.]+ [KM]iB$/m);
  t.regex(stdout, /^ +2 +([\d.]+ (µs|ms) +){2}[\d.]+ x +([\d.]+ (µs|ms) +){2}([\d.]+ KiB +){2}[\d.]+ [KM]iB$/m);
});

test('what does not go with ranks is refused', async (t) => {
  for (const [flags, message] of [
    [['--loss', 'clip,gte'], /^INF8004 --ranks does not go with several losses: clip, gte\n/],
    [['--sweep'], /^INF8004 --ranks does not go with --sweep\n/],
    [['--against', 'cublas'], /^INF8004 --ranks does not go with --against\n/],
    [['--m', '3'], /^INF8004 --ranks does not go with 3 rows: there are 4 ranks\n/],
  ] as const) {
    const { code, stderr } = await cli(...small, '--ranks', '4', ...flags);
    t.is(code, 1);
    t.regex(stderr, message);
  }
});

test('passes: medians over steps, and what the compiler and a library say of them', (t) => {
  const times = new PassTimes();
  for (const milliseconds of [1, 3, 2]) {
    const tell = times.nextStep();
    tell({ name: 'fill', pairs: 0, milliseconds: 0.5 });
    for (let chunk = 0; chunk < 2; chunk += 1) tell({ name: 'stats', pairs: 1e6, milliseconds: milliseconds / 2 });
  }
  const kernels = [{ name: 'stats', file: 'stats.cu', parameters: [], grid: 1, threads: 256, sharedBytes: 1000 }];
  const report = { kernel: 'stats', registers: 168, stack: 0, spillStores: 4, spillLoads: 8, shared: 24 };
  const none = { registers: null, spillBytes: null, sharedBytes: null };
  t.deepEqual(times.passes({ dim: 500, kernels }, [report], [{ name: 'forward Q K^T', ms: 1.5 }, { name: 'G K', ms: 9 }]), [
    { name: 'fill', launches: 1, ms: 0.5, tflops: null, ofProduct: null, ...none },
    { name: 'stats', launches: 2, ms: 2, tflops: 1, ofProduct: 0.75, registers: 168, spillBytes: 12, sharedBytes: 1024 },
  ]);
});

test.serial('lists of sizes, one after the other', async (t) => {
  const { cases } = await recordOf(t, 'bench', '--n', '200,300', '--dim', '16,32', '--repeat', '1', '--threads', '1');
  t.deepEqual(cases.map(({ n, m, dim }) => [n, m, dim]), [[200, 200, 16], [300, 300, 16], [200, 200, 32], [300, 300, 32]]);
});

test.serial('what was timed is not lost when a later size fails', async (t) => {
  const { code, stdout, stderr } = await cli('bench', '--n', '200', '--dim', '16,100000', '--repeat', '1', '--threads', '1', '--json');
  t.is(code, 1);
  t.regex(stderr, /^1 of 2 cases were timed: their figures are printed\nINF4013 dim is 100000/);
  t.deepEqual(benchSchema.parse(JSON.parse(stdout)).cases.map(({ dim }) => dim), [16]);
});

test.serial('losses in turns, with the ratio to the first', async (t) => {
  const { cases } = await recordOf(t, ...small, '--loss', 'clip,infoNCE', '--loss', 'siglip', '--params', 'bias=-5');
  t.deepEqual(cases.map(({ loss }) => loss), ['clip', 'infoNCE', 'siglip']);
  t.deepEqual(cases.map(({ params }) => params['bias']), [undefined, undefined, -5]);
  const [first] = cases;
  for (const { ofFirst, forwardBackwardMs, forwardBackwardDeviceMs } of cases) {
    t.is(ofFirst?.wall, forwardBackwardMs / (first?.forwardBackwardMs ?? 0));
    t.is(ofFirst?.device, forwardBackwardDeviceMs / (first?.forwardBackwardDeviceMs ?? 0));
  }
  const { stdout } = await cli(...small, '--loss', 'clip,infoNCE');
  t.regex(stdout, /^in turns +forward[^]*^clip +.* 1\.000 x\ninfoNCE +.* [\d.]+ x\n$/m);
});

test.serial('without python3 it says so and goes on', async (t) => {
  // The compiler has been found already: its name is kept.
  const { code, stdout, stderr } = await withEnv({ PATH: '/nowhere', CXX: '/usr/bin/c++' }, () => cli(...small, '--against', 'torch', '--json'));
  t.is(code, 0);
  const absent = { absent: 'python3 is not on PATH (install Python 3, then pip install torch, for the python3 on PATH)' };
  t.deepEqual(benchSchema.parse(JSON.parse(stdout)).cases[0]?.against, { 'torch-dense': absent, 'torch-chunks': absent });
  t.regex(stderr, /^torch-dense is left out: python3 is not on PATH/m);
  t.regex(stderr, /^torch-chunks is left out: python3 is not on PATH/m);
});

test.serial('against PyTorch, where it is installed: the same loss', async (t) => {
  await withTorch(t, [], async () => {
    // PyTorch rounds logits to sixteen bits: with a small scale that moves the loss of so few rows by less than is tolerated.
    for (const [loss, precision, versions] of [
      ['clip', 'f32', ['torch-dense', 'torch-chunks']],
      ['clip', 'bf16', ['torch-dense', 'torch-chunks']],
      ['siglip', 'bf16', ['torch-dense']],
    ] as const) {
      const { against, forwardBackwardMs } = await only(t, ...small, '--loss', loss, '--precision', precision, '--params', 'logScale=2', '--against', 'torch');
      t.deepEqual(Object.keys(against ?? {}), [...versions]);
      for (const peer of Object.values(against ?? {})) {
        if ('absent' in peer) return t.fail(peer.absent);
        t.true(peer.ms > 0 && peer.ratio === peer.ms / forwardBackwardMs);
        t.true(peer.agreement !== null && peer.agreement.lossApart < 1e-4);
      }
    }
  });
});

test.serial('against bare products: their parts, and passes as shares of them', async (t) => {
  await withTorch(t, [], async () => {
    const { against, passes } = await only(t, ...small, '--sweep', '--against', 'cublas');
    const peer = against?.cublas;
    if (peer === undefined || 'absent' in peer) return t.fail();
    t.deepEqual(peer.parts.map(({ name }) => name), ['forward Q K^T', 'backward Q K^T', 'G K', 'G^T Q']);
    t.is(peer.agreement, null);
    for (const [i, name] of ['stats', 'gradient', 'accumulateQueries', 'accumulateKeys'].entries()) {
      const pass = passes?.find((candidate) => candidate.name === name);
      t.is(pass?.ofProduct, (peer.parts[i]?.ms ?? 0) / (pass?.ms ?? 0), name);
    }
  });
});

test.serial('packages of others: absent ones are named with what to install, those that are there are compared', async (t) => {
  const asked = [...small, '--params', 'logScale=2', '--against', 'liger,inf-cl'];
  await withTorch(t, [], async () => {
    const { code, stderr } = await cli(...asked);
    t.is(code, 0);
    t.regex(stderr, /^inf-cl is left out: ModuleNotFoundError: No module named 'inf_cl' \(pip install inf_cl, for the python3 on PATH\)$/m);
    t.regex(stderr, /^liger is left out: .*\(pip install liger-kernel, for/m);
  });
  await withTorch(t, [fakes], async () => {
    const { against } = await only(t, ...asked);
    t.deepEqual(Object.keys(against ?? {}), ['inf-cl', 'liger']);
    for (const peer of Object.values(against ?? {})) t.true(!('absent' in peer) && peer.agreement !== null && peer.agreement.lossApart < 1e-4 && peer.agreement.gradientApart < 1e-4);
    const { stdout } = await cli(...asked);
    t.regex(stdout, /^inf-cl: its loss is [\d.e-]+ from ours, within 0\.005: its TF32 products/m);
    const { stderr } = await cli(...asked, '--dim', '40');
    t.regex(stderr, /^inf-cl is left out: it takes depths that 16 divides, not 40$/m);
  });
});

test.serial('a peer that fails is left out, one that computes something else ends the benchmark', async (t) => {
  const asked = [...small, '--loss', 'siglip', '--params', 'logScale=2', '--against', 'siglip-kernel'];
  await withTorch(t, [fakes], async () => {
    const { against } = await only(t, ...asked);
    t.true(against?.['siglip-kernel'] !== undefined && 'ms' in against['siglip-kernel']);
  });
  for (const [wrong, code, said] of [
    ['memory', 0, /^siglip-kernel is left out: it ran out of memory: CUDA out of memory\. Tried to allocate 1 TiB\.$/m],
    ['dies', 0, /^siglip-kernel is left out: its process ended: /m],
    ['loss', 1, /INF8006 the loss: ours is .*, that of siglip-kernel is [^]*they may differ by 0\.005, relatively \(its logits are of sixteen bits\)/],
  ] as const) {
    await withTorch(
      t,
      [fakes],
      async () => {
        const ran = await cli(...asked);
        t.is(ran.code, code, wrong);
        t.regex(ran.stderr, said);
      },
      { FAKE_SIGLIP: wrong },
    );
  }
});

test.serial('Ctrl-C in the middle: exit code 130', async (t) => {
  const args = ['bench', '--n', '100000', '--dim', '16', '--threads', '1', '--repeat', '100000'];
  const child = spawn(process.execPath, ['--import=tsx', packagePath('runtime', 'cli', 'main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await busyFor(child.pid, 6);
  child.kill('SIGINT');
  t.is(await ended, 130);
  t.is(said, 'stopped by SIGINT; nothing was written\n');
});

test('rows have length 1 and are the same for a seed', (t) => {
  const [values, again, other] = [unitRows(50, 7, 3), unitRows(50, 7, 3), unitRows(50, 7, 4)];
  t.deepEqual(values, again);
  t.notDeepEqual(values, other);
  for (let row = 0; row < 50; row += 1) t.true(Math.abs(Math.hypot(...values.subarray(row * 7, row * 7 + 7)) - 1) < 1e-6);
});

test('a small matrix holds those rows, rounded to its precision', async (t) => {
  const rows = unitRows(50, 7, 3);
  t.deepEqual((await drawMatrix(50, 7, { seed: 3, precision: 'f32' })).data, rows);
  const { data, shape, precision } = await drawMatrix(50, 7, { seed: 3, precision: 'bf16' });
  t.deepEqual([shape, precision], [[50, 7], 'bf16']);
  if (data instanceof Float32Array) return t.fail();
  t.true(bf16ToF32(data).every((value, i) => Math.abs(value - (rows[i] ?? 0)) <= 2 ** -8 * Math.abs(rows[i] ?? 0)));
});

test('rows of a large matrix are distinct, of length 1, and not shifted in step with another', async (t) => {
  const [count, dim] = [200_000, 6];
  const draw = async (seed: number) => (await drawMatrix(count, dim, { seed, precision: 'f32' })).data;
  const [q, k, again] = [await draw(1), await draw(2), await draw(1)];
  t.deepEqual(q, again);
  const rows = Array.from({ length: count }, (_, row) => q.subarray(row * dim, row * dim + dim));
  t.true(rows.every((row) => Math.abs(Math.hypot(...row) - 1) < 1e-6));
  t.is(new Set(rows.map((row) => row.join())).size, count);
  const dot = (row: number) => Array.from(rows[row] ?? []).reduce((sum, value, d) => sum + value * (k[row * dim + d] ?? 0), 0);
  const block = 65_536;
  for (const row of [0, 1, 1000]) t.is(new Set([dot(row), dot(row + block), dot(row + 2 * block)].map((value) => value.toFixed(6))).size, 3);
  t.deepEqual([...(rows[block] ?? [])].sort(), [...(rows[0] ?? [])].sort(), 'the same numbers in another place');
});

test('a kernel is profiled through its session', async (t) => {
  const kernel = await compile(clip, { dim: 8, threads: 1 });
  const session = await kernel.session({ q: unitRows(20, 8, 1), k: unitRows(20, 8, 2) });
  const plain = { params: { logScale: 1 }, gradients: true };
  const profiled = async () => {
    const names: string[] = [];
    const { loss } = await session.step({ ...plain, onCommand: ({ name, milliseconds }) => names.push(milliseconds >= 0 ? name : 'a negative time') });
    return { loss, names };
  };
  const first = await profiled();
  t.true(['fill', 'stats', 'merge', 'gradient', 'accumulateQueries', 'accumulateKeys', 'read'].every((name) => first.names.includes(name)));
  t.is(first.loss, (await session.step(plain)).loss);
  t.deepEqual(await profiled(), first, 'after a step that ran as one list');
  session.close();
  kernel.close();
});

test('the median', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
  t.throws(() => median([]), { instanceOf: RangeError });
});
