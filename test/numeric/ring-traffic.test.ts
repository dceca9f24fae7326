import test from 'ava';
import type { RingWalk } from '../../codegen/plan/plan.js';
import { sentBytesOf } from '../../codegen/ring/bytes.js';
import { layOut } from '../../codegen/ring/layout.js';
import { rowBytesOf, softmaxCosts } from '../../codegen/ring/row-bytes.js';
import type { Pass, Ring } from '../../codegen/ring/schedule.js';
import { clip, gist, hardNegatives, indexMap, infoNCE, maskedFalseNegatives, ntXent, siglip, supCon, withPositives, type PairwiseLoss, type RunResult } from '../../runtime/index.js';
import { countOf, segmentsOf, type RankShape } from '../../runtime/ring/rank-shape.js';
import { RingKernel, type RingOptions, type WholeInputs } from '../support/ring-kernel.js';
import { rows } from './rows.js';

/*
 * What a rank sends in a run is what the schedule's account of the plan says, to the byte.
 */

const dim = 24;
const guideDim = 5;
const labels = Int32Array.from({ length: 47 }, (_, i) => i % 7);

interface Sent {
  readonly what: string;
  readonly loss: PairwiseLoss;
  readonly inputs: WholeInputs;
  readonly precision?: 'f32' | 'bf16';
}

/** No keys where m is 0. */
function inputs(n: number, m: number, more: Partial<WholeInputs> = {}): WholeInputs {
  return { q: rows(n, dim, 1), ...(m === 0 ? {} : { k: rows(m, dim, 2) }), params: { logScale: 2 }, ...more };
}

/** Losses that send what others do not: sums of both ways, one way, none; attributes, channels, a guide, what masks read of positives, a stack. */
const losses: readonly Sent[] = [
  { what: 'clip', loss: clip, inputs: inputs(47, 47) },
  { what: 'clip in bf16', loss: clip, inputs: inputs(47, 47, { convert: true }), precision: 'bf16' },
  { what: 'clip with running maxima', loss: clip, inputs: inputs(47, 47, { params: { logScale: Math.log(1e4) } }) },
  { what: 'clip with an index map', loss: withPositives(clip, indexMap), inputs: inputs(60, 33, { positives: Int32Array.from({ length: 60 }, (_, row) => (row * 7) % 33) }) },
  { what: 'infoNCE', loss: infoNCE, inputs: inputs(40, 61) },
  { what: 'siglip', loss: siglip, inputs: inputs(51, 40, { params: { logScale: 2, bias: -6 } }) },
  { what: 'hardNegatives', loss: hardNegatives({ negatives: 2 }), inputs: inputs(20, 60) },
  { what: 'maskedFalseNegatives', loss: maskedFalseNegatives({ relative: true }), inputs: inputs(47, 47) },
  { what: 'gist', loss: gist({ margin: 0.1 }), inputs: inputs(47, 47, { guide: { q: rows(47, guideDim, 5), k: rows(47, guideDim, 6) } }) },
  { what: 'supCon', loss: supCon, inputs: inputs(47, 0, { rows: { label: labels }, cols: { label: labels } }) },
  { what: 'ntXent', loss: ntXent, inputs: inputs(47, 47) },
];

const splits: readonly (RingOptions & { readonly nodes: number })[] = [
  { ranks: 2, nodes: 1 },
  { ranks: 3, nodes: 1, inFlight: 3 },
  { ranks: 4, nodes: 2 },
  { ranks: 6, nodes: 3 },
];

for (const split of splits) {
  test.serial(`${split.ranks} ranks on ${split.nodes} nodes send what the account says`, async (t) => {
    t.timeout(300_000);
    const ran = new Set<string>();
    for (const { what, loss, inputs: given, precision = 'f32' } of losses) {
      const kernel = new RingKernel(loss, { dim, guideDim, precision }, { ...split, seed: split.ranks });
      // Log sum exps want the forward pass of losses, too, whose gradients do without.
      const results = await kernel.runEach(given, { lse: true });
      await kernel.close();
      const ring = ringOf(loss, kernel.shapeOf(given), split);
      t.deepEqual(results.map(({ traffic }) => traffic), results.map((result, rank) => accountOf(ring, rank, result)), what);
      for (const { softmax, bound } of results) ran.add(softmax).add(bound.plan.ring?.positives === undefined ? 'two passes' : 'three passes');
    }
    t.deepEqual([...ran].sort(), ['bounded', 'running', 'three passes', 'two passes']);
  });
}

test('what `infinitile ring` counts is what clip sends', async (t) => {
  for (const precision of ['f32', 'bf16'] as const) {
    const kernel = new RingKernel(clip, { dim, precision }, { ranks: 2 });
    const given = inputs(20, 20, { convert: true });
    const [first] = await kernel.runEach(given);
    await kernel.close();
    t.is(first?.softmax, 'bounded');
    const { rowBytes } = softmaxCosts({ dim, precision });
    const { forward, backward } = walksOf(first);
    t.deepEqual({ forward, backward }, rowBytes);
  }
});

function ringOf(loss: PairwiseLoss, shape: RankShape, { nodes, inFlight = 2 }: RingOptions & { readonly nodes: number }): Ring {
  const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
  return layOut({ ranks: shape.tensors.length, nodes, inFlight, rows: counts('row'), cols: counts('col') });
}

function accountOf(ring: Ring, rank: number, result: RunResult): Readonly<Record<Pass, number>> {
  const { positives, forward, backward } = walksOf(result);
  const sent = (pass: Pass, rowBytes: typeof forward) => sentBytesOf(ring, pass, rank, rowBytes);
  return { forward: sent('forward', forward) + (positives === undefined ? 0 : sent('forward', positives)), backward: sent('backward', backward) };
}

/** Bytes a row of the walks that ran. */
function walksOf(result: RunResult | undefined) {
  const plan = result?.bound.plan;
  if (plan?.ring === undefined) throw new Error('it ran without a ring');
  const rowBytes = (walk: RingWalk) => rowBytesOf(plan, walk);
  const { positives, forward, backward } = plan.ring;
  return { forward: rowBytes(forward), backward: rowBytes(backward), ...(positives === undefined ? {} : { positives: rowBytes(positives) }) };
}
