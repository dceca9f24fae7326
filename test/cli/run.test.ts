import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { clip, openTensor, Reference, siglip } from '../../runtime/index.js';
import { readRows } from '../../runtime/tensor/file.js';
import { rows } from '../numeric/rows.js';
import { cli, temporaryFolder, writeMatrix } from './support.js';

const [n, dim] = [90, 40];
const [q, k] = [rows(n, dim, 1), rows(n, dim, 2)];

const number = z.number();
const summary = z.strictObject({ min: number, mean: number, max: number });
const reportSchema = z.strictObject({
  name: z.string(),
  target: z.string(),
  device: z.string(),
  tiling: z.string(),
  precision: z.enum(['f32', 'bf16', 'f16']),
  softmax: z.enum(['bounded', 'running']),
  n: number.int(),
  m: number.int(),
  dim: number.int(),
  params: z.record(z.string(), number),
  loss: number,
  gradients: z.strictObject({ params: z.record(z.string(), number), queriesNorm: number, keysNorm: number }).nullable(),
  lse: z.strictObject({ rows: summary.nullable(), cols: summary.nullable() }).nullable(),
  seconds: number.positive(),
  pairsPerSecond: number.positive(),
  gflops: number.positive(),
  workspaceBytes: number.int(),
  denseBytes: number.int(),
});

test('a run gives what the loss is, and writes it', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'out');
  const files = ['--queries', await writeMatrix(folder, 'q.npy', q, dim), '--keys', await writeMatrix(folder, 'k.npy', k, dim)];
  const { code, stdout, stderr } = await cli('run', 'clip', ...files, '--params', 'logScale=2.6', '--lse', '--out', out, '--json');
  t.is(stderr, '');
  t.is(code, 0);
  t.is(stdout.split('\n').length, 2, 'one line');
  const report = reportSchema.parse(JSON.parse(stdout));
  const expected = new Reference({ loss: clip, params: { logScale: 2.6 }, dim, q, k }).all();

  near(t, report.loss, expected.loss);
  near(t, report.gradients?.params['logScale'], expected.params['logScale']);
  near(t, report.gradients?.queriesNorm, norm(expected.dQueries));
  near(t, report.gradients?.keysNorm, norm(expected.dKeys));
  near(t, report.lse?.rows?.max, Math.max(...expected.rowLse));
  t.is(report.denseBytes, n * n * 4);

  t.deepEqual((await readdir(out)).sort(), ['colLse.npy', 'dKeys.npy', 'dQueries.npy', 'result.json', 'rowLse.npy']);
  t.deepEqual(JSON.parse(await readFile(path.join(out, 'result.json'), 'utf8')), report);
  for (const [name, values] of [['dQueries', expected.dQueries], ['dKeys', expected.dKeys], ['rowLse', expected.rowLse], ['colLse', expected.colLse]] as const) {
    const written = await numbersOf(path.join(out, `${name}.npy`));
    t.is(written.length, values.length);
    t.true(norm(written.map((value, i) => value - (values[i] ?? NaN))) <= 1e-5 * norm(values), name);
  }
  t.deepEqual((await readdir(folder)).sort(), ['k.npy', 'out', 'q.npy'], 'nothing else is left');
});

test('a loss without a softmax, forward alone, for people', async (t) => {
  const folder = await temporaryFolder(t);
  const files = ['--queries', await writeMatrix(folder, 'q.npy', q, dim), '--keys', await writeMatrix(folder, 'k.npy', k, dim)];
  const params = { logScale: 1.5, bias: -4 };
  const { loss } = new Reference({ loss: siglip, params, dim, q, k }).all();
  const { code, stdout } = await cli('run', 'siglip', ...files, '--params', 'logScale=1.5', '--params', 'bias=-4', '--forward', '--threads', '1');
  t.is(code, 0);
  t.regex(stdout, /^workspace .*; the dense matrix would take 31\.6 KiB$/m);
  t.notRegex(stdout, /\|dQ\|/);
  near(t, Number(/^loss +(\S+)/.exec(stdout)?.[1]), loss);
});

function near(t: { true(value: boolean, message?: string): void }, actual: number | undefined, expected: number | undefined): void {
  t.true(actual !== undefined && expected !== undefined && Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)), `${String(actual)} is not near ${String(expected)}`);
}

function norm(values: Float64Array): number {
  return Math.hypot(...values);
}

async function numbersOf(file: string): Promise<Float64Array> {
  const tensor = await openTensor(file);
  const bytes = new Uint8Array(tensor.bytes);
  await readRows(tensor, 0, tensor.shape[0] ?? 0, (piece, offset) => bytes.set(piece, offset));
  return Float64Array.from(tensor.element === 'f64' ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer));
}
