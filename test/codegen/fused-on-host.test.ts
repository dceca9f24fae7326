import test, { type ExecutionContext } from 'ava';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { BlockLevel, Tiling } from '../../dsl/tiling.js';
import type { Backend } from '../../runtime/device/backend.js';
import { infoNCE, pairwiseLoss, Reference, softplus, type PairwiseLoss, type Precision } from '../../runtime/index.js';
import { Kernel } from '../../runtime/kernel.js';
import { checkKernel, type Case } from '../numeric/harness.js';
import { rows } from '../numeric/rows.js';
import { CudaOnHost } from '../support/cuda-on-host/backend.js';

let host: CudaOnHost;
test.before(async () => {
  host = await CudaOnHost.open();
});
test.after.always(() => host.close());

/** Small tiles, and several chunks of rows that have all columns. */
function tilingOf(chunkRows: number, block: Omit<BlockLevel, 'depth'>): Tiling {
  return { kind: 'tiling', name: 'wide', chunk: { rows: chunkRows, cols: 1024 }, block: { ...block, depth: 64 } };
}

const resident = (chunkRows: number, stages = 4): Tiling => tilingOf(chunkRows, { rows: 64, cols: 32, stages, panel: 'resident' });
const streamed = (chunkRows: number, cluster: number): Tiling => tilingOf(chunkRows, { rows: 64, cols: 64, stages: 5, cluster, panel: 'streamed' });

/** A margin of positives, a bias, a term of its own with a parameter of its own. */
const margin = pairwiseLoss('margin', {
  params: ['logScale', 'bias', 'focus'],
  logit: ({ dot, positive, params }) => Math.exp(params.logScale) * (positive ? dot - 0.1 : dot) + params.bias,
  rows: { weight: 0.7, value: ({ lse, positiveLogit, params }) => Math.exp(params.focus) * softplus(lse - positiveLogit + 0.1 * params.bias * lse) },
});

/** A term without positives, and no parameters. */
const uniformity = pairwiseLoss('uniformity', { logit: ({ dot }) => 5 * dot - 1, rows: { reduction: 'sum', value: ({ lse }) => lse * lse } });

/** The same with a scale and a bias that are learned. */
const learned = pairwiseLoss('learned', { params: ['logScale', 'bias'], logit: ({ dot, params }) => Math.exp(params.logScale) * dot + params.bias, rows: { reduction: 'sum', value: ({ lse }) => lse * lse } });

const scale = (value: number) => ({ logScale: Math.log(value) });

interface Emulated extends Omit<Case, 'tiling' | 'target'> {
  readonly tiling: Tiling;
  readonly workers: number;
  /** Where running maxima are what remains. */
  readonly leavesRange?: true;
}

const cases: readonly Emulated[] = [
  { loss: infoNCE, precision: 'bf16', n: 300, m: 430, dim: 64, params: scale(20), workers: 3, tiling: resident(128) },
  { loss: infoNCE, precision: 'bf16', n: 257, m: 391, dim: 197, params: scale(20), workers: 4, tiling: streamed(64, 2) },
  { loss: infoNCE, precision: 'bf16', n: 200, m: 200, dim: 72, params: scale(100), workers: 3, tiling: { ...tilingOf(128, { rows: 128, cols: 64, stages: 2, panel: 'resident' }) } },
  { loss: infoNCE, precision: 'bf16', n: 150, m: 150, dim: 40, params: scale(100), equalRows: true, workers: 2, tiling: resident(64) },
  { loss: infoNCE, precision: 'f32', n: 150, m: 161, dim: 130, params: scale(20), workers: 4, tiling: { ...streamed(64, 2), register: { rows: 64, cols: 32 } } },
  { loss: infoNCE, precision: 'f32', n: 130, m: 130, dim: 20, params: scale(100), workers: 3, tiling: streamed(64, 1) },
  { loss: infoNCE, precision: 'f32', n: 90, m: 90, dim: 64, params: scale(100), equalRows: true, workers: 2, tiling: streamed(64, 2) },
  { loss: infoNCE, precision: 'f32', n: 1, m: 70, dim: 33, params: scale(20), workers: 2, tiling: streamed(64, 2) },
  { loss: infoNCE, precision: 'bf16', n: 140, m: 140, dim: 24, params: scale(150), norm: (row) => (row % 7 === 0 ? 0.01 : 1), workers: 3, tiling: resident(64), leavesRange: true },
  { loss: margin, precision: 'bf16', n: 129, m: 200, dim: 48, params: { ...scale(10), bias: 0.5, focus: 0.3 }, workers: 3, tiling: resident(64, 2) },
  { loss: margin, precision: 'f32', n: 129, m: 200, dim: 66, params: { ...scale(10), bias: -2, focus: -0.3 }, workers: 3, tiling: streamed(128, 1) },
  { loss: uniformity, precision: 'f32', n: 70, m: 99, dim: 65, params: {}, workers: 3, tiling: streamed(64, 1) },
  { loss: learned, precision: 'f32', n: 130, m: 70, dim: 40, params: { ...scale(5), bias: -1 }, workers: 3, tiling: streamed(64, 1) },
];

for (const { tiling, workers, leavesRange, ...given } of cases) {
  const { loss, precision = 'f32', n, m, dim, params, equalRows = false } = given;
  const title = `${precision}, N = ${n}, M = ${m}, D = ${dim}, ${JSON.stringify(params)}${equalRows ? ', all rows equal' : ''}${leavesRange ? ', beyond the range of one offset' : ''}`;
  test(`gradients of ${loss.name} in the forward walk on sm_90a, emulated: ${title}`, async (t) => {
    t.timeout(300_000);
    const kernel = kernelOf(loss, precision, dim, tiling, workers);
    t.true(kernel.bind(n, m).fused);
    t.is(await checkKernel(t, kernel, given), leavesRange ? 'running' : 'bounded');
    kernel.close();
  });
}

for (const [norm, softmax] of [[2 ** 18, 'bounded'], [2 ** 24, 'running']] as const) {
  const overflows = softmax === 'running' ? ', which for keys as long overflow and are told' : '';
  test(`gradients are as exact where all logits are near their bound, and sums largest${overflows}`, async (t) => {
    t.timeout(300_000);
    const [n, dim, spread] = [130, 64, 0.1];
    const centre = rows(1, dim, 1);
    const near = (seed: number, length: number): Float32Array => rows(n, dim, seed).map((value, at) => length * ((centre[at % dim] ?? 0) + spread * value));
    const [q, k, params] = [near(2, 1 / norm), near(3, norm), scale(98)];
    const kernel = kernelOf(infoNCE, 'f32', dim, streamed(64, 2), 3);
    const result = await kernel.run({ q, k, params });
    const reference = new Reference({ loss: infoNCE, params, dim, q, k }).all();
    t.is(result.softmax, softmax);
    // Dots are exact to 16 bits and more, which scale 98 magnifies.
    const tolerance = 98 * 2 ** -17;
    within(t, result.gradients?.q, reference.dQueries, tolerance);
    within(t, result.gradients?.k, reference.dKeys, tolerance);
    kernel.close();
  });
}

test('steps of a session give the same bits, in lists and as one, with forward walks between', async (t) => {
  t.timeout(300_000);
  const [n, m, dim, params] = [140, 150, 32, scale(10)];
  const kernel = kernelOf(infoNCE, 'f32', dim, streamed(64, 2), 3);
  const session = await kernel.session({ q: rows(n, dim, 1), k: rows(m, dim, 2) });
  const step = async () => {
    const progress: number[] = [];
    const { loss, params: byParams, backwardMilliseconds } = await session.step({ params, gradients: true, onProgress: (done, total) => progress.push(done / total) });
    t.is(progress.at(-1), 1);
    t.true(backwardMilliseconds < 1, 'there is no backward walk');
    const [dQueries, dKeys] = [new Float32Array(n * dim), new Float32Array(m * dim)];
    await session.read('dQueries', dQueries);
    await session.read('dKeys', dKeys);
    return { loss, byParams, dQueries, dKeys, lse: await session.readLse('row'), values: await session.readValues('row') };
  };
  const first = await step();
  const forward = await session.step({ params, gradients: false });
  t.true(Math.abs(forward.loss - first.loss) <= 1e-6 * first.loss);
  for (let again = 0; again < 2; again += 1) t.deepEqual(await step(), first);
  session.close();
  kernel.close();
});

function kernelOf(loss: PairwiseLoss, precision: Precision, dim: number, tiling: Tiling, workers: number): Kernel {
  return new Kernel({ loss, dim, inputDim: dim, guideDim: dim, precision, tiling, backend: host.backend(sm90a, { workers }) as Backend, threads: 1 });
}

function within(t: ExecutionContext, actual: Float32Array | undefined, expected: ArrayLike<number>, tolerance: number): void {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    difference += ((actual?.[i] ?? NaN) - (expected[i] ?? NaN)) ** 2;
    norm += (expected[i] ?? NaN) ** 2;
  }
  const error = Math.sqrt(difference / norm);
  t.true(error <= tolerance, `off by ${error.toExponential(2)}; at most ${tolerance.toExponential(2)} is allowed`);
}
