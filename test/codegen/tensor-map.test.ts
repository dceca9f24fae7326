import test from 'ava';
import { bind, buffersOf, walk, type BoundArg } from '../../codegen/plan/bind.js';
import { lower } from '../../codegen/plan/lower.js';
import type { Kernel, TensorMap } from '../../codegen/plan/plan.js';
import { printPlan } from '../../codegen/plan/print.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import type { Problem, Target } from '../../codegen/targets/target.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { clip } from '../../runtime/index.js';
import { featureLosses } from './feature-losses.js';

/** A target whose statistics kernel reads its operands through tensor maps. */
function mapping(...maps: readonly TensorMap[]): Target {
  const mapped = (kernel: Kernel): Kernel => ({ ...kernel, parameters: maps.map((map) => ({ name: `${map.of}Tiles`, type: 'tensorMap', map })) });
  return {
    ...sm80,
    describe: (problem, tiling) => {
      const described = sm80.describe(problem, tiling);
      const { stats } = described.kernels;
      return stats === undefined ? described : { ...described, kernels: { ...described.kernels, stats: mapped(stats) } };
    },
  };
}

const queries: TensorMap = { of: 'queries', rows: 'rows', cols: 512, planes: 1, pitch: 512, planePitch: 512, boxRows: 128, boxCols: 64 };
const keys: TensorMap = { of: 'keys', rows: 'm', cols: 512, planes: 1, pitch: 520, planePitch: 520, boxRows: 256, boxCols: 64 };

function planOf(loss: PairwiseLoss, ...maps: readonly TensorMap[]) {
  const problem: Problem = { loss, dim: 512, precision: 'bf16', softmax: 'bounded' };
  const { tiling } = sm80.resolve(problem, { kind: 'tiling', name: 'test', chunk: { rows: 256, cols: 256 } });
  if (tiling === undefined) throw new Error('the tiling was refused');
  return lower(problem, mapping(...maps), tiling);
}

test('a tensor map starts where a pointer parameter of that name would point', (t) => {
  const plan = planOf(clip, queries, keys);
  t.regex(printPlan(plan), /stats\w*\(tiles 128 x 64 of queries \+ row0 \* 512 \[rows x 512\], tiles 256 x 64 of keys \+ col0 \* 512 \[m x 512, 520 apart\]\)/);
  const args = [...walk(bind(plan, { n: 300, m: 200, workers: 1 }), plan.forward)].flatMap((step): readonly (readonly BoundArg[])[] =>
    step.kind === 'launch' && step.kernel.name.startsWith('stats') ? [step.args] : [],
  );
  t.deepEqual(args[1], [
    { kind: 'tensorMap', buffer: 'queries', byteOffset: 256 * 512 * 2, rows: 44, cols: 512, planes: 1, pitch: 512, planePitch: 512, boxRows: 128, boxCols: 64 },
    { kind: 'tensorMap', buffer: 'keys', byteOffset: 0, rows: 200, cols: 512, planes: 1, pitch: 520, planePitch: 520, boxRows: 256, boxCols: 64 },
  ]);
});

test('a tensor map touches its buffer', (t) => {
  const launches = planOf(clip, { ...queries, of: 'dQueries' }).forward.filter(({ kind }) => kind === 'for');
  t.true(buffersOf(launches).has('dQueries'));
});

test('stacked embeddings are mapped by their part of the stack', (t) => {
  const stacked = featureLosses.find(({ name }) => name === 'stacked');
  if (stacked === undefined) return t.fail();
  t.regex(printPlan(planOf(stacked, queries)), /tiles 128 x 64 of embeddings \+ \(rowStart \+ row0\) \* 512 \[rows x 512\]/);
});

test('a map of what is no buffer of the plan is refused', (t) => {
  t.throws(() => planOf(clip, { ...queries, of: 'guideQueries' }), { message: /kernel 'stats\w*' maps 'guideQueries', which is no buffer of the plan/ });
});
