import test from 'ava';
import { clip, compile, infoNCE, InfinitileError, indexMap, siglip, tiling, withPositives, type Kernel } from '../../runtime/index.js';
import { rows } from '../numeric/rows.js';

const dim = 64;
const params = { logScale: Math.log(30) };

async function withKernel<T>(loss: Parameters<typeof compile>[0], options: Partial<Parameters<typeof compile>[1]>, use: (kernel: Kernel) => Promise<T>): Promise<T> {
  const kernel = await compile(loss, { dim, ...options });
  try {
    return await use(kernel);
  } finally {
    kernel.close();
  }
}

test('peak memory is inputs + outputs + statistics + workspace', async (t) => {
  for (const loss of [clip, infoNCE, siglip]) {
    await withKernel(loss, { workspace: 4 * 2 ** 20 }, async (kernel) => {
      const n = 1500;
      kernel.device.resetPeak();
      const { bound } = await kernel.run({ q: rows(n, dim, 1), k: rows(n, dim, 2), params: { ...params, ...(loss === siglip ? { bias: -5 } : {}) } });
      const declared = bound.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
      t.true(kernel.device.peakBytes <= declared, `${loss.name}: ${kernel.device.peakBytes} bytes at the peak, ${declared} declared`);
      t.true(bound.workspaceBytes <= 4 * 2 ** 20);
      t.is(kernel.device.allocatedBytes, 0, 'everything is freed');
    });
  }
});

test('the workspace stays within the budget at any N', async (t) => {
  await withKernel(clip, { dim: 512 }, (kernel) => {
    for (const n of [1, 100, 4096, 16_384, 1_000_000, 12_000_000]) t.true(kernel.bind(n, n).workspaceBytes <= 256 * 2 ** 20, `N = ${n}`);
    return Promise.resolve();
  });
});

test('the same bits every time, whatever the number of threads', async (t) => {
  const n = 700;
  const runs = await Promise.all(
    [1, 2, 3, 2].map((threads) => withKernel(clip, { threads, workspace: 2 * 2 ** 20 }, (kernel) => kernel.run({ q: rows(n, dim, 1), k: rows(n, dim, 2), params }, { lse: true }))),
  );
  const [first, ...others] = runs;
  for (const { loss, gradients, lse } of others) t.deepEqual({ loss, gradients, lse }, { loss: first?.loss ?? NaN, gradients: first?.gradients, lse: first?.lse });
});

test('forward alone gives the same loss', async (t) => {
  for (const loss of [clip, siglip]) {
    await withKernel(loss, {}, async (kernel) => {
      const inputs = { q: rows(90, dim, 1), k: rows(90, dim, 2), params: { ...params, ...(loss === siglip ? { bias: -5 } : {}) } };
      const [whole, forward] = [await kernel.run(inputs), await kernel.run(inputs, { gradients: false })];
      t.is(forward.gradients, undefined);
      t.true(Math.abs(whole.loss - forward.loss) <= 1e-6 * Math.abs(whole.loss));
    });
  }
});

test('an abort is heard, and frees everything', async (t) => {
  await withKernel(clip, { workspace: 2 * 2 ** 20 }, async (kernel) => {
    const n = 6000;
    const abort = new AbortController();
    const run = kernel.run({ q: rows(n, dim, 1), k: rows(n, dim, 2), params }, { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) });
    await t.throwsAsync(run, { message: 'enough' });
    t.is(kernel.device.allocatedBytes, 0);
    const after = await kernel.run({ q: rows(10, dim, 1), k: rows(10, dim, 2), params });
    t.true(Number.isFinite(after.loss));
  });
});

test('progress rises to its total', async (t) => {
  await withKernel(clip, { workspace: 2 * 2 ** 20 }, async (kernel) => {
    const seen: [number, number][] = [];
    await kernel.run({ q: rows(3000, dim, 1), k: rows(3000, dim, 2), params }, { onProgress: (done, total) => seen.push([done, total]) });
    t.true(seen.every(([done], i) => done > (seen[i - 1]?.[0] ?? 0)));
    t.deepEqual(seen.at(-1), [2 * 3000 * 3000, 2 * 3000 * 3000]);
  });
});

const q = rows(8, dim, 1);
const k = rows(8, dim, 2);
const bad = (values: Float32Array, at: number, value: number) => {
  const copy = Float32Array.from(values);
  copy[at] = value;
  return copy;
};

const mistakes: readonly (readonly [string, string, RegExp, (kernel: Kernel) => Promise<unknown>])[] = [
  ['NaN in Q', 'INF4008', /q holds NaN or infinity: row 3/, (kernel) => kernel.run({ q: bad(q, 3 * dim + 5, NaN), k, params })],
  ['infinity in K', 'INF4008', /k holds NaN or infinity: row 7/, (kernel) => kernel.run({ q, k: bad(k, 7 * dim, -Infinity), params })],
  ['different depths', 'INF4002', /dot products/, (kernel) => kernel.run({ q: { data: q, shape: [8, dim] }, k: { data: k, shape: [16, 32] }, params })],
  ['another depth than compiled', 'INF4002', /compiled for 64/, (kernel) => kernel.run({ q: { data: q, shape: [16, 32] }, k: { data: k, shape: [16, 32] }, params })],
  ['no rows', 'INF4003', /empty/, (kernel) => kernel.run({ q: new Float32Array(0), k, params })],
  ['unknown parameter', 'INF4009', /no parameter 'logscale'/, (kernel) => kernel.run({ q, k, params: { ...params, logscale: 1 } })],
  ['missing parameter', 'INF4009', /'logScale' of loss 'clip' has no value/, (kernel) => kernel.run({ q, k })],
  ['parameter that is NaN', 'INF4009', /'logScale' is NaN/, (kernel) => kernel.run({ q, k, params: { logScale: NaN } })],
  ['columns without a positive', 'INF4010', /2 columns without a positive, column 8 the first/, (kernel) => kernel.run({ q, k: rows(10, dim, 2), params })],
  ['an index map for a diagonal loss', 'INF4012', /index map was given/, (kernel) => kernel.run({ q, k, params, positives: new Int32Array(8) })],
  ['bf16 bits for an f32 kernel', 'INF4005', /unknown kind/, (kernel) => kernel.run({ q: new Uint16Array(8 * dim), k, params })],
  ['logits beyond fp32', 'INF4011', /softmax sum/, (kernel) => kernel.run({ q: q.map((x) => x * 1e20), k: k.map((x) => x * 1e20), params })],
];

for (const [what, code, message, run] of mistakes) {
  test(`refused: ${what}`, async (t) => {
    await withKernel(clip, {}, async (kernel) => {
      const error = await t.throwsAsync(run(kernel), { instanceOf: InfinitileError, message });
      t.true(error.message.includes(code), error.message);
      t.is(kernel.device.allocatedBytes, 0, 'nothing is left allocated');
    });
  });
}

test('refused: positive indices out of range', async (t) => {
  await withKernel(withPositives(infoNCE, indexMap), {}, async (kernel) => {
    const error = await t.throwsAsync(kernel.run({ q, k, params, positives: Int32Array.of(0, 1, 2, 8, 4, 5, 6, 7) }), { instanceOf: InfinitileError });
    t.regex(error.message, /INF4007.*\[3\] is 8/s);
    await t.throwsAsync(kernel.run({ q, k, params }), { message: /none was given/ });
  });
});

test('refused: a chunk beyond the budget, with what would fit', async (t) => {
  const wide = tiling('wide', (levels) => levels.chunk({ rows: 65_536, cols: 65_536 }));
  await withKernel(clip, { tiling: wide }, async (kernel) => {
    const n = 70_000;
    const error = t.throws(() => kernel.bind(n, n), { instanceOf: InfinitileError });
    t.regex(error.message, /INF3103.*chunk of .* takes .*GiB.*256 MiB.*at most \d+ x \d+/s);
    return Promise.resolve();
  });
});

test('refused: options out of range, an unknown target, a precision it does not take', async (t) => {
  await t.throwsAsync(compile(clip, { dim: 0 }), { message: /INF4013 dim is 0/ });
  await t.throwsAsync(compile(clip, { dim: 1.5 }), { message: /INF4013/ });
  await t.throwsAsync(compile(clip, { dim: 4, target: 'sm_1' }), { message: /INF7001 there is no target 'sm_1'/ });
});

test('refused: a ring of more ranks than this one', async (t) => {
  const ring = tiling('ring', (levels) => levels.ring({ ranks: 8 }));
  await t.throwsAsync(compile(clip, { dim, tiling: ring }), { instanceOf: InfinitileError, message: /kernel\.test\.ts:\d+:\d+ INF3101 the ring has 8 ranks; this process is one rank/ });
  await withKernel(clip, { tiling: tiling('alone', (levels) => levels.ring({ ranks: 1 })) }, (kernel) => Promise.resolve(t.is(kernel.plan.tiling.name, 'alone')));
});
