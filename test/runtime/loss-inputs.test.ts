import test from 'ava';
import {
  compile, counterpart, gist, gte, indexMap, InfinitileError, infoNCE, matryoshka, ntXent, pairwiseLoss, supCon, withPositives, clip,
  type Kernel, type PairwiseLoss, type RunInputs, type RunOptions,
} from '../../runtime/index.js';

const dim = 4;
const params = { logScale: 1 };

/** Unit vectors along the axes, in turn. */
function rows(count: number, depth = dim): Float32Array {
  return Float32Array.from({ length: count * depth }, (_, i) => (Math.floor(i / depth) % depth === i % depth ? 1 : 0.125));
}

async function withKernel(loss: PairwiseLoss, use: (kernel: Kernel) => Promise<void>): Promise<void> {
  const kernel = await compile(loss, { dim, threads: 1 });
  try {
    await use(kernel);
  } finally {
    kernel.close();
  }
}

interface Refusal {
  readonly title: string;
  readonly loss: PairwiseLoss;
  readonly inputs: RunInputs;
  readonly options?: RunOptions;
  readonly code: string;
  readonly says: RegExp;
}

const weighted = pairwiseLoss('weighted', {
  attributes: { rows: { weight: 'f32' }, cols: { group: 'i32' } },
  logit: ({ dot }) => dot,
  rows: { counts: ({ col }) => col.group > 0, value: ({ lse, positiveLogit, row }) => row.weight * (lse - positiveLogit) },
});
const labels = Int32Array.of(1, 2, 1);
const nobody = pairwiseLoss('nobody', { logit: ({ dot }) => dot, rows: { counts: ({ row, col }) => row.index !== 2 || col.index > 9 } });
const lonely = pairwiseLoss('lonely', {
  attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
  positives: { where: ({ row, col }) => row.label === col.label },
  logit: ({ dot }) => dot,
  rows: {},
  cols: { unmatched: 'skip' },
});
const nextOne = pairwiseLoss('nextOne', { positives: { column: ({ row }) => row.index + 1 }, logit: ({ dot }) => dot, rows: {} });

const q = rows(3);
const k = rows(3);
const given = { rows: { weight: Float32Array.of(1, 2, 3) }, cols: { group: Int32Array.of(1, 1, 1) } };
const refusals: readonly Refusal[] = [
  { title: 'no attributes', loss: weighted, inputs: { q, k }, code: 'INF4015', says: /rows\.weight .* was not given[\s\S]*cols\.group .* was not given/ },
  { title: 'an unknown attribute', loss: weighted, inputs: { q, k, ...given, rows: { ...given.rows, wieght: q } }, code: 'INF4015', says: /no attribute 'wieght'/ },
  { title: 'an attribute of the wrong length', loss: weighted, inputs: { q, k, ...given, cols: { group: Int32Array.of(1) } }, code: 'INF4015', says: /cols\.group .* has 1 values[\s\S]*: 3/ },
  { title: 'numbers for integers', loss: weighted, inputs: { q, k, ...given, cols: { group: Float32Array.of(1, 1, 1) } }, code: 'INF4015', says: /is a Float32Array/ },
  { title: 'a part of an integer', loss: weighted, inputs: { q, k, ...given, cols: { group: [1, 1.5, 1] } }, code: 'INF4015', says: /is 1\.5 at 1/ },
  { title: 'a weight that is NaN', loss: weighted, inputs: { q, k, ...given, rows: { weight: Float32Array.of(1, NaN, 1) } }, code: 'INF4015', says: /is NaN at 1/ },
  { title: 'nothing that counts for any row', loss: weighted, inputs: { q, k, ...given, cols: { group: Int32Array.of(0, 0, 0) } }, code: 'INF4014', says: /no column counts for row 0/ },
  { title: 'nothing that counts for one row', loss: nobody, inputs: { q, k }, code: 'INF4014', says: /no column counts for row 2 of loss 'nobody'/ },
  { title: 'a row whose condition finds no positive', loss: lonely, inputs: { q, k, rows: { label: Int32Array.of(1, 5, 2) }, cols: { label: labels } }, code: 'INF4010', says: /no column is a positive of row 1/ },
  { title: 'a column number beyond the last', loss: nextOne, inputs: { q, k }, code: 'INF4010', says: /1 row without a positive, row 2 the first/ },
  { title: 'no keys', loss: ntXent, inputs: { q, params }, code: 'INF4003', says: /k was not given/ },
  { title: 'keys that nothing reads', loss: supCon, inputs: { q, k, params, rows: { label: labels }, cols: { label: labels } }, code: 'INF4004', says: /k was given: loss 'supCon' has no rows or columns of it/ },
  { title: 'counterparts of different numbers', loss: gte, inputs: { q, k: rows(2), params }, code: 'INF4017', says: /q has 3 rows, k 2/ },
  { title: 'an index map beside counterparts', loss: ntXent, inputs: { q, k, params, positives: Int32Array.of(0) }, code: 'INF4012', says: /in the other tensor/ },
  { title: 'no guide', loss: gist(), inputs: { q, k, params }, code: 'INF4016', says: /no guide was given/ },
  { title: 'a guide that nothing reads', loss: infoNCE, inputs: { q, k, params, guide: { q, k } }, code: 'INF4016', says: /has no guide, and one was given/ },
  { title: 'a guide of other rows', loss: gist(), inputs: { q, k, params, guide: { q: rows(2), k } }, code: 'INF4016', says: /guide\.q has 2 rows, q 3/ },
  { title: 'NaN in a guide', loss: gist(), inputs: { q, k, params, guide: { q, k: k.map((x, i) => (i === 9 ? NaN : x)) } }, code: 'INF4008', says: /guide\.k holds NaN or infinity: row 2/ },
  { title: 'NaN in the second of stacked tensors', loss: ntXent, inputs: { q, k: k.map((x, i) => (i === 5 ? Infinity : x)), params }, code: 'INF4008', says: /k holds NaN or infinity: row 1/ },
  { title: 'ranks of many positives', loss: supCon, inputs: { q, params, rows: { label: labels }, cols: { label: labels } }, options: { metrics: true }, code: 'INF4018', says: /may have many/ },
];

for (const { title, loss, inputs, options, code, says } of refusals) {
  test(`refused: ${title}`, async (t) => {
    await withKernel(loss, async (kernel) => {
      const error = await t.throwsAsync(kernel.run(inputs, options), { instanceOf: InfinitileError });
      t.true(error.message.includes(code), error.message);
      t.regex(error.message, says);
    });
  });
}

test('rows that have nothing are left out, and are never NaN', async (t) => {
  const skipping = pairwiseLoss('skipping', {
    attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
    positives: { where: ({ row, col }) => row.label === col.label },
    logit: ({ dot }) => 3 * dot,
    rows: { unmatched: 'skip', counts: ({ row }) => row.index !== 1 },
  });
  await withKernel(skipping, async (kernel) => {
    const inputs = { q: rows(4), k, rows: { label: Int32Array.of(1, 1, 9, 2) }, cols: { label: labels } };
    const { loss, gradients, perRow } = await kernel.run(inputs, { perRow: true });
    t.true(Number.isFinite(loss));
    t.deepEqual([...(perRow?.rows ?? [])].map(Number.isNaN), [false, true, true, false], 'row 1 counts nothing, row 2 has no positive');
    t.true(gradients?.q.every(Number.isFinite));
    t.true(gradients?.q.subarray(4, 12).every((x) => x === 0));
    t.true(Math.abs(loss - ((perRow?.rows?.[0] ?? 0) + (perRow?.rows?.[3] ?? 0)) / 2) < 1e-6, 'the mean is over the two that are left');
  });
});

test('attributes and maps come from files of whole numbers, or arrays', async (t) => {
  await withKernel(withPositives(infoNCE, indexMap), async (kernel) => {
    const byArray = await kernel.run({ q, k, params, positives: [2, 0, 1] }, { metrics: true });
    t.deepEqual([...(byArray.metrics?.rows?.ranks ?? [])].length, 3);
    t.true((byArray.metrics?.cols?.ranks.length ?? 0) === 3);
  });
});

test('ranks count the logits above the positive, rows without one have none', async (t) => {
  await withKernel(withPositives(pairwiseLoss('skippingInfoNCE', { logit: ({ dot }) => dot, rows: { unmatched: 'skip' } }), indexMap), async (kernel) => {
    // Row 0 is like column 0 and row 1 like column 1; row 1's positive is column 0, behind column 1.
    const { metrics } = await kernel.run({ q, k, positives: Int32Array.of(0, 0, -1) }, { metrics: true, gradients: false });
    t.deepEqual([...(metrics?.rows?.ranks ?? [])], [0, 1, -1]);
    t.is(metrics?.rows?.recallAt1, 0.5);
    t.is(metrics?.rows?.recallAt5, 1);
    t.deepEqual([...(metrics?.cols?.ranks ?? [])], [0, -1, -1]);
  });
});

test('a loss of pairs has ranks and sums by row, too', async (t) => {
  const pairs = pairwiseLoss('pairs', { logit: ({ dot }) => dot, pairs: { value: ({ logit, positive }) => (positive ? -logit : logit), weight: 2 } });
  await withKernel(pairs, async (kernel) => {
    const { loss, metrics, perRow } = await kernel.run({ q, k }, { metrics: true, perRow: true });
    const sums = [...(perRow?.rows ?? [])];
    t.is(metrics?.rows?.recallAt1, 1);
    t.true(Math.abs((2 * sums.reduce((a, b) => a + b, 0)) / 3 - loss) < 1e-6);
  });
});

test('a matryoshka loss adds up its prefixes, and is refused where it cannot', async (t) => {
  const nested = await compile(matryoshka(clip, { dims: [2, 4], weights: [0.5, 1] }), { dim, threads: 1 });
  try {
    const whole = await nested.run({ q, k, params });
    const alone = await Promise.all(
      [2, 4].map(async (depth) => {
        const kernel = await compile(clip, { dim: depth, threads: 1 });
        const cut = (values: Float32Array) => values.filter((_, i) => i % dim < depth);
        const result = await kernel.run({ q: cut(q), k: cut(k), params });
        kernel.close();
        return result;
      }),
    );
    t.is(whole.loss, 0.5 * (alone[0]?.loss ?? NaN) + (alone[1]?.loss ?? NaN));
    t.deepEqual(whole.prefixes.map(({ result }) => result.loss), alone.map(({ loss }) => loss));
    const expected = Float32Array.from(q, (_, i) => (i % dim < 2 ? 0.5 * (alone[0]?.gradients?.q[Math.floor(i / dim) * 2 + (i % dim)] ?? 0) : 0) + (alone[1]?.gradients?.q[i] ?? 0));
    t.true(whole.gradients?.q.every((x, i) => Math.abs(x - (expected[i] ?? NaN)) < 1e-7));
  } finally {
    nested.close();
  }
  t.throws(() => matryoshka(clip, { dims: [4, 2] }), { message: /INF2010/ });
  t.throws(() => matryoshka(clip, { dims: [2, 4], weights: [1] }), { message: /INF2005/ });
  await t.throwsAsync(compile(matryoshka(clip, { dims: [2, 8] }), { dim }), { message: /INF4013 .*a prefix of 8/ });
});

test('embeddings that are rows and columns get the gradients of both', async (t) => {
  const both = { rows: ['queries', 'keys'], cols: ['queries', 'keys'] } as const;
  const stacked = pairwiseLoss('stacked', { between: both, positives: counterpart, logit: ({ dot }) => 2 * dot, rows: {} });
  const plain = pairwiseLoss('plain', { positives: indexMap, logit: ({ dot }) => 2 * dot, rows: {} });
  const z = Float32Array.of(...rows(3), ...rows(3).map((x) => 0.5 * x));
  await withKernel(stacked, async (kernel) => {
    const joint = await kernel.run({ q: z.subarray(0, 12), k: z.subarray(12) });
    await withKernel(plain, async (apart) => {
      const whole = await apart.run({ q: z, k: z, positives: Int32Array.of(3, 4, 5, 0, 1, 2) });
      t.is(joint.loss, whole.loss);
      const sum = z.map((_, i) => (whole.gradients?.q[i] ?? 0) + (whole.gradients?.k[i] ?? 0));
      const found = [...(joint.gradients?.q ?? []), ...(joint.gradients?.k ?? [])];
      t.true(found.every((x, i) => Math.abs(x - (sum[i] ?? NaN)) < 1e-6));
    });
  });
});
