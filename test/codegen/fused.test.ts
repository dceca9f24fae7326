import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { bind, type BoundPlan } from '../../codegen/plan/bind.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import type { Plan, SoftmaxMode } from '../../codegen/plan/plan.js';
import { printBound, printPlan } from '../../codegen/plan/print.js';
import { targets } from '../../codegen/targets/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { Target } from '../../codegen/targets/target.js';
import type { ChunkLevel } from '../../dsl/tiling.js';
import { automatic, clip, indexMap, infoNCE, labelSmoothing, ntXent, pairwiseLoss, siglip, supCon, withPositives, type PairwiseLoss, type Precision } from '../../runtime/index.js';

interface Asked {
  readonly loss?: PairwiseLoss;
  readonly precision?: Precision;
  readonly softmax?: SoftmaxMode;
  readonly dim?: number;
  readonly reports?: boolean;
  readonly target?: Target;
}

function planOf({ loss = infoNCE, precision = 'bf16', softmax = 'bounded', dim = 512, reports = false, target = sm90a }: Asked): Plan {
  return compileProgram({ loss, dim, precision, tiling: automatic, target, softmax, reports }).plan;
}

/** A softmax of rows alone, with what lambdas say. */
const ofRows = {
  weighted: pairwiseLoss('weighted', {
    params: ['logScale'],
    attributes: { rows: { weight: 'f32' } },
    logit: ({ dot, positive, params }) => Math.exp(params.logScale) * (positive ? dot - 0.1 : dot),
    rows: { value: ({ lse, positiveLogit, row }) => row.weight * (lse - positiveLogit) },
  }),
  masked: pairwiseLoss('masked', { logit: ({ dot }) => 10 * dot, rows: { counts: ({ row, col }) => row.index <= col.index } }),
  curved: pairwiseLoss('curved', { logit: ({ dot }) => dot * dot, rows: {} }),
  biased: pairwiseLoss('biased', { attributes: { cols: { prior: 'f32' } }, logit: ({ dot, col }) => dot - col.prior, rows: {} }),
};

test('a softmax of rows alone, over linear logits with their positives on the diagonal, makes its gradients in the forward walk', (t) => {
  for (const asked of [{}, { precision: 'f32' }, { dim: 16 }, { dim: 4096 }, { loss: ofRows.weighted }] satisfies Asked[]) t.truthy(planOf(asked).fused, JSON.stringify(asked));
});

test('what needs more keeps the two walks', (t) => {
  const others: readonly Asked[] = [
    ...[clip, siglip, ntXent, supCon, labelSmoothing(), withPositives(infoNCE, indexMap), ofRows.masked, ofRows.curved, ofRows.biased].map((loss) => ({ loss })),
    { precision: 'f16' },
    { softmax: 'running' },
    { reports: true },
    { dim: 15 },
    ...targets.filter((target) => target !== sm90a && target.precisions.includes('bf16')).map((target) => ({ target })),
  ];
  for (const asked of others) t.is(planOf(asked).fused, undefined, JSON.stringify({ ...asked, loss: asked.loss?.name, target: asked.target?.name }));
});

test('the fused walk makes each logit once, and recomputes none', (t) => {
  const { fused } = planOf({});
  const loop = fused?.steps.find((step) => step.kind === 'for');
  const launched = loop?.kind === 'for' ? loop.body.flatMap((step) => (step.kind === 'launch' ? [step.kernel] : [])) : [];
  t.deepEqual(launched, ['weights', 'merge', 'merge', 'rowTerms', 'scaleQueries', 'accumulate']);
  t.true(printPlan(planOf({})).includes('\nforward and backward in one, for chunks with all columns\n'));
});

interface Bound {
  readonly title: string;
  readonly asked?: Asked;
  readonly n: number;
  readonly m?: number;
  readonly budget?: number;
  readonly chunk: ChunkLevel;
  readonly fused: boolean;
}

const MiB = 2 ** 20;
const bounds: readonly Bound[] = [
  { title: 'all columns fit beside the usual rows', n: 16_384, chunk: { rows: 8192, cols: 16_384 }, fused: true },
  { title: 'fewer rows make room for all columns', n: 65_536, chunk: { rows: 7296, cols: 65_536 }, fused: true },
  { title: 'as many at a greater depth', asked: { dim: 1024 }, n: 65_536, chunk: { rows: 7296, cols: 65_536 }, fused: true },
  { title: 'rows are as few as there are', n: 1000, m: 100_000, chunk: { rows: 1000, cols: 100_000 }, fused: true },
  { title: 'a smaller budget', n: 16_384, budget: 200 * MiB, chunk: { rows: 5504, cols: 16_384 }, fused: true },
  { title: 'no room for rows enough', n: 262_144, chunk: { rows: 8192, cols: 37_504 }, fused: false },
  { title: 'fp32: a longer sum would be truncated', asked: { precision: 'f32' }, n: 16_384, m: 16_385, chunk: { rows: 8192, cols: 8448 }, fused: false },
  { title: 'fp32: as long as is exact', asked: { precision: 'f32' }, n: 16_384, chunk: { rows: 8192, cols: 16_384 }, fused: true },
];

for (const { title, asked = {}, n, m = n, budget = sm90a.defaultWorkspace, chunk, fused } of bounds) {
  test(`the chunk of ${n} x ${m}: ${title}`, (t) => {
    const bound = bindWithin(planOf(asked), { n, m, workers: 132 }, budget);
    t.deepEqual(bound.chunk, chunk);
    t.is(bound.fused, fused);
    t.true(bound.workspaceBytes <= budget);
    t.is(printBound(bound).includes('\nwalk '), fused);
    t.is(names(bound).includes('scaledQueries'), fused);
  });
}

test('a chunk that is given is kept, and walked as its columns allow', (t) => {
  const plan = planOf({});
  const given = (cols: number): BoundPlan => bind(plan, { n: 3000, m: 3000, workers: 132 }, { rows: 1024, cols });
  t.true(given(3000).fused);
  t.false(given(2999).fused);
});

function names({ buffers }: BoundPlan): readonly string[] {
  return buffers.map(({ name }) => name);
}
