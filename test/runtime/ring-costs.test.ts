import test from 'ava';
import { buffersOf, type BoundPlan } from '../../codegen/plan/bind.js';
import type { RingWalk, RingWalks, Step } from '../../codegen/plan/plan.js';
import { layOut } from '../../codegen/ring/layout.js';
import { stepCount, stepOf } from '../../codegen/ring/lower.js';
import type { Pass } from '../../codegen/ring/schedule.js';
import { clip, gte, infoNCE, maskedFalseNegatives, siglip, supCon, tiling, type PairwiseLoss } from '../../runtime/index.js';
import { readingNames } from '../../runtime/device-buffers.js';
import { segmentsOf, countOf } from '../../runtime/ring/rank-shape.js';
import { rows } from '../numeric/rows.js';
import { RingKernel, type WholeInputs } from '../support/ring-kernel.js';
import { RingSessions } from '../support/ring-sessions.js';

/** What a ring's ranks hold and send is told from the plan to the byte. */

const dim = 24;
const params = { logScale: Math.log(20) };
const inputsOf = (n: number, m: number): WholeInputs => ({ q: rows(n, dim, 1), k: rows(m, dim, 2) });
const labelled: WholeInputs = { q: rows(75, dim, 1), rows: { label: Int32Array.from({ length: 75 }, (_, i) => i % 7) }, cols: { label: Int32Array.from({ length: 75 }, (_, i) => i % 7) } };

const cases: readonly { readonly loss: PairwiseLoss; readonly inputs: WholeInputs; readonly more?: Readonly<Record<string, number>> }[] = [
  { loss: clip, inputs: inputsOf(67, 67) },
  { loss: infoNCE, inputs: inputsOf(41, 90) },
  { loss: siglip, inputs: inputsOf(83, 40), more: { bias: -6 } },
  { loss: gte, inputs: inputsOf(67, 67) },
  { loss: supCon, inputs: labelled },
  { loss: maskedFalseNegatives({ relative: true }), inputs: inputsOf(41, 90) },
];

function walksOf({ plan }: BoundPlan): RingWalks {
  if (plan.ring === undefined) throw new Error('the plan is of one rank');
  return plan.ring;
}

function forwardWalks({ positives, forward }: RingWalks): readonly RingWalk[] {
  return [...(positives === undefined ? [] : [positives]), forward];
}

function bytesOf(bound: BoundPlan, names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + (bound.buffers.find((buffer) => buffer.name === name)?.bytes ?? NaN), 0);
}

/** What a row of columns takes of these buffers. */
function rowBytes(bound: BoundPlan, names: readonly string[]): number {
  return bytesOf(bound, names) / bound.shape.m;
}

for (const { ranks, nodes } of [{ ranks: 3, nodes: 1 }, { ranks: 4, nodes: 2 }]) {
  test(`what ${ranks} ranks on ${nodes} nodes send is what the schedule says`, async (t) => {
    for (const { loss, inputs, more = {} } of cases) {
      const ring = new RingKernel(loss, { dim }, { ranks, nodes });
      const shape = ring.shapeOf(inputs);
      const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
      const schedule = layOut({ ranks, nodes, rows: counts('row'), cols: counts('col') });
      const sent = (bound: BoundPlan, walk: RingWalk, pass: Pass, rank: number): number => {
        const [keys, sums] = [rowBytes(bound, walk.keys), rowBytes(bound, walk.sums)];
        const sends = Array.from({ length: stepCount(schedule) }, (_, step) => stepOf(schedule, pass, rank, step).sends).flat();
        return sends.reduce((sum, { content: { kind, shard } }) => sum + (schedule.cols[shard]?.count ?? NaN) * (kind === 'keys' ? keys : sums), 0);
      };
      const sessions = await RingSessions.open(ring, inputs);
      for (const gradients of [true, false, true]) {
        for (const [rank, { bound, traffic }] of (await sessions.step({ params: { ...params, ...more }, gradients, forward: true })).entries()) {
          const walks = walksOf(bound);
          const forward = forwardWalks(walks).reduce((sum, walk) => sum + sent(bound, walk, 'forward', rank), 0);
          t.deepEqual(traffic, { forward, backward: gradients ? sent(bound, walks.backward, 'backward', rank) : 0 }, `${loss.name}, rank ${rank}`);
          t.true(forward > 0);
        }
      }
      await ring.close();
    }
  });
}

const ranks = 6;

/** A tile that is one chunk adds to the sums that came, and makes none of its own. */
const chunkSize = 16;
const small = tiling('small', (levels) => levels.chunk({ rows: chunkSize, cols: chunkSize }).block({ rows: 4, cols: chunkSize, depth: 8 }).register({ rows: 4, cols: chunkSize }));

const holdings = [{ inFlight: 2, apart: true }, { inFlight: 4, apart: true }, { inFlight: 2, apart: true, chunks: small }, { inFlight: 2, apart: false }, { inFlight: 2, apart: false, chunks: small }];
for (const { inFlight, apart, chunks } of holdings.map((given) => ({ chunks: undefined, ...given }))) {
  test(`a rank holds its own${apart ? ` and room for others: ${inFlight} shards of keys and of sums` : ', and others what is theirs'}${chunks === undefined ? '' : ', and sums of a tile'}`, async (t) => {
    for (const { loss, inputs, more = {} } of cases) {
      const ring = new RingKernel(loss, { dim, ...(chunks === undefined ? {} : { tiling: chunks }) }, { ranks, inFlight, apart });
      const sessions = await RingSessions.open(ring, inputs);
      for (const { kernel } of sessions.ranks) kernel.device.resetPeak();
      const steps = await sessions.step({ params: { ...params, ...more }, gradients: true, forward: true });
      const largest = Math.max(...steps.map(({ bound }) => bound.shape.m));
      for (const [rank, { bound }] of steps.entries()) {
        const { device } = sessions.ranks[rank]?.kernel ?? t.fail();
        const { terms, backward, ...before } = walksOf(bound);
        const walks = [...forwardWalks({ terms, backward, ...before }), backward];
        const own = new Set([...buffersOf(bound.plan.inspect), ...bound.buffers.filter(({ role }) => role === 'input').map(({ name }) => name)]);
        for (const name of buffersOf([...walks.flatMap(({ begin, clear, tile, end }): readonly Step[] => [...begin, ...clear, ...tile, ...end]), ...terms])) own.add(name);
        // Of a stack the columns are a part, which takes nothing.
        const parts = ['colEmbeddings', 'colGuides'].filter((name) => own.delete(name));
        const several = (count: number) => chunks !== undefined && count > chunkSize;
        const othersCols = ring.shapeOf(inputs).tensors.map((_, of) => (of === rank ? 0 : countOf(segmentsOf(loss, ring.shapeOf(inputs), 'col', of))));
        const makesSums = several(bound.shape.n) || othersCols.some(several) || loss.between.rows.length * loss.between.cols.length > 1;
        const perRow = (of: (walk: RingWalk) => readonly string[]) => rowBytes(bound, [...new Set(walks.flatMap(of))]);
        const others = (apart ? largest * inFlight * (perRow(({ keys }) => keys) + perRow(({ sums }) => sums)) : 0) + (makesSums ? largest * perRow(({ sums }) => sums) : 0);
        t.is(device.peakBytes, bytesOf(bound, own) + readingGaps(bound) + others, `${loss.name}, rank ${rank}, ${parts.join()}`);
        t.is(device.allocatedBytes, device.peakBytes, 'and goes on holding it');
      }
      await ring.close();
    }
  });
}

/** Readings lie side by side, on multiples of 8 bytes, all that the plan has. */
function readingGaps({ buffers }: BoundPlan): number {
  const sizes = readingNames.flatMap((name) => buffers.filter((buffer) => buffer.name === name).map(({ bytes }) => bytes));
  return sizes.slice(0, -1).reduce((sum, bytes) => sum + (Math.ceil(bytes / 8) * 8 - bytes), 0);
}
