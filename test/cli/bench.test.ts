import test from 'ava';
import { z } from 'zod';
import { findPython } from '../../runtime/bench/find-python.js';
import { median } from '../../runtime/bench/median.js';
import { unitRows } from '../../runtime/bench/rows.js';
import { cli } from './support.js';

const peer = z.strictObject({ ms: z.number().positive() }).nullable();
const lineSchema = z.strictObject({
  target: z.string(),
  precision: z.enum(['f32', 'bf16', 'f16']),
  n: z.number().int(),
  m: z.number().int(),
  dim: z.number().int(),
  forwardMs: z.number().positive(),
  forwardBackwardMs: z.number().positive(),
  gflops: z.number().positive(),
  workspaceBytes: z.number().int().positive(),
  peakExtraBytes: z.number().int().positive(),
  against: z.strictObject({ 'torch-dense': peer, 'torch-chunks': peer }).nullable(),
});

const small = ['bench', '--n', '300', '--dim', '32', '--repeat', '2', '--threads', '1'];

test.serial('one line of JSON', async (t) => {
  const { code, stdout, stderr } = await cli(...small, '--json');
  t.is(stderr, '');
  t.is(code, 0);
  const line = lineSchema.parse(JSON.parse(stdout));
  t.is(line.against, null);
  t.true(line.peakExtraBytes >= line.workspaceBytes);
  t.true(Math.abs(line.gflops / ((8 * 300 * 300 * 32) / line.forwardBackwardMs / 1e6) - 1) < 1e-12);
});

test.serial('a table, of a rectangular loss of one direction and of one with a bias', async (t) => {
  for (const more of [['--loss', 'infoNCE', '--m', '400'], ['--loss', 'siglip', '--precision', 'bf16']]) {
    const { code, stdout, stderr } = await cli(...small, ...more);
    t.is(stderr, '');
    t.is(code, 0);
    t.regex(stdout, /^infinitile +[\d.]+ (µs|ms) +[\d.]+ (µs|ms) +\d+$/m);
    t.regex(stdout, /^medians of 2 rounds/m);
  }
});

test.serial('without python3 it says so and goes on', async (t) => {
  const { PATH: path } = process.env;
  // The compiler has been found already: its name is kept.
  process.env['PATH'] = '/nowhere';
  try {
    process.env['CXX'] = '/usr/bin/c++';
    const { code, stdout, stderr } = await cli(...small, '--against', 'torch', '--json');
    t.is(code, 0);
    t.deepEqual(lineSchema.parse(JSON.parse(stdout)).against, { 'torch-dense': null, 'torch-chunks': null });
    t.regex(stderr, /^torch-dense is left out: python3 is not on PATH/m);
    t.regex(stderr, /^torch-chunks is left out: python3 is not on PATH/m);
  } finally {
    delete process.env['CXX'];
    process.env['PATH'] = path;
  }
});

test.serial('against PyTorch, where it is installed: the same loss', async (t) => {
  const python = await findPython();
  if (!python.found) {
    t.log(`left out: ${python.reason}`);
    t.pass();
    return;
  }
  // PyTorch rounds logits to sixteen bits: with a small scale that moves the loss of so few rows by less than is tolerated.
  for (const precision of ['f32', 'bf16']) {
    const { code, stdout, stderr } = await cli(...small, '--precision', precision, '--params', 'logScale=2', '--against', 'torch', '--json');
    t.is(stderr, '');
    t.is(code, 0);
    const { against } = lineSchema.parse(JSON.parse(stdout));
    t.truthy(against?.['torch-dense']);
    t.truthy(against?.['torch-chunks']);
  }
});

test('rows have length 1 and are the same for a seed', (t) => {
  const [values, again, other] = [unitRows(50, 7, 3), unitRows(50, 7, 3), unitRows(50, 7, 4)];
  t.deepEqual(values, again);
  t.notDeepEqual(values, other);
  for (let row = 0; row < 50; row += 1) t.true(Math.abs(Math.hypot(...values.subarray(row * 7, row * 7 + 7)) - 1) < 1e-6);
});

test('the median', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
  t.throws(() => median([]), { instanceOf: RangeError });
});
