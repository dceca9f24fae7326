import test from 'ava';
import fc from 'fast-check';
import { hopBytes, messageBytes, trafficOf } from '../../codegen/ring/bytes.js';
import type { Cluster } from '../../codegen/ring/cluster.js';
import { drawTimeline } from '../../codegen/ring/draw.js';
import { layOut } from '../../codegen/ring/layout.js';
import { lower, stepCount } from '../../codegen/ring/lower.js';
import { printSchedule } from '../../codegen/ring/print.js';
import { finishedSumBytes, hopBytesPerRow, softmaxCosts } from '../../codegen/ring/row-bytes.js';
import { linkOf, passes, type Buffer, type Ring, type Schedule } from '../../codegen/ring/schedule.js';
import { simulate, simulatedTimeline } from '../../codegen/ring/simulate.js';
import { stepTimeline } from '../../codegen/ring/timeline.js';
import { verify } from '../../codegen/ring/verify.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { golden } from '../support/golden.js';
import { mutantsAt, swapped } from './ring-mutants.js';
import { divisorsOf, even, told } from './ring-shapes.js';

/** Rings of any shape, some ranks of which may have nothing. */
const rings = (mostRanks: number): fc.Arbitrary<Ring> =>
  fc
    .integer({ min: 1, max: mostRanks })
    .chain((ranks) => {
      const counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: ranks, maxLength: ranks }).filter((all) => all.some((count) => count > 0));
      return fc.record({ ranks: fc.constant(ranks), nodes: fc.constantFrom(...divisorsOf(ranks)), inFlight: fc.integer({ min: 2, max: 5 }), rows: counts, cols: counts });
    })
    .map(layOut);

test('rings of uneven and empty shards, with any number in flight, hold', (t) => {
  fc.assert(fc.property(rings(20), fc.constantFrom(...passes), (ring, pass) => {
    t.is(told(verify(lower(ring, pass))), 'verified');
  }));
});

test('every mutant of small rings is refused, and the mistakes say where and why', (t) => {
  let mutants = 0;
  for (const [ranks, nodes] of [[2, 1], [2, 2], [3, 1], [4, 2]] as const) {
    for (const pass of passes) {
      const schedule = lower(even(ranks, nodes), pass);
      for (let rank = 0; rank < ranks; rank += 1) {
        for (let step = 0; step < stepCount(schedule.ring); step += 1) {
          for (const { what, schedule: mutant } of mutantsAt(schedule, rank, step)) {
            mutants += 1;
            const verification = verify(mutant);
            if (verification.verified) t.fail(`${ranks} ranks, ${nodes} nodes, ${pass}: ${what}`);
            else t.true(verification.mistakes.length > 0 && verification.mistakes.every(({ rank: where, step: when, reason }) => where >= 0 && when >= 0 && reason !== ''));
          }
        }
      }
    }
  }
  t.true(mutants > 1000, `${mutants}`);
});

test('mutants of any ring are refused', (t) => {
  fc.assert(
    fc.property(rings(12).filter(({ ranks }) => ranks > 1), fc.constantFrom(...passes), fc.nat(), fc.nat(), fc.nat(), (ring, pass, someRank, someStep, someMutant) => {
      const schedule = lower(ring, pass);
      const [rank, step] = [someRank % ring.ranks, someStep % stepCount(ring)];
      const mutants = [...mutantsAt(schedule, rank, step), swapped(schedule, rank, step, (step + 1 + (someMutant % (stepCount(ring) - 1))) % stepCount(ring))];
      for (const { what, schedule: mutant } of [mutants[someMutant % mutants.length], mutants.at(-1)].flatMap((one) => one ?? [])) t.false(verify(mutant).verified, what);
    }),
    { numRuns: 500 },
  );
});

/** As if there were one buffer for keys in flight: each rank waits for the next to free it. */
function withOneBuffer(schedule: Schedule): Schedule {
  const one = (buffer: Buffer): Buffer => (buffer === 'keys[1]' ? 'keys[0]' : buffer);
  return {
    ...schedule,
    steps: schedule.steps.map((ofRank) => ofRank.map((step) => ({
      ...step,
      sends: step.sends.map((send) => ({ ...send, from: one(send.from) })),
      receives: step.receives.map((receive) => ({ ...receive, into: one(receive.into) })),
      ...(step.compute === undefined ? {} : { compute: { ...step.compute, keys: one(step.compute.keys) } }),
    }))),
  };
}

test('a cycle of waits is found', (t) => {
  const verification = verify(withOneBuffer(lower(even(4), 'forward')));
  t.regex(told(verification), /^rank 0, step 1: the message of keys of rank 3 to rank 1 waits for what waits for it/);
});

/** The first mistake of a mutant of a ring of three, by what went wrong on rank 1. */
const firstMistakes: readonly (readonly [what: RegExp, step: number, mistake: string])[] = [
  [/a send dropped/, 0, 'rank 2, step 0: receives keys of rank 1 where rank 1 sends keys of rank 0 (its step 1)'],
  [/a send to rank 0/, 0, 'rank 1, step 0: sends keys of rank 1 to rank 0, which does not receive it'],
  [/a send from sums\[0\]/, 0, 'rank 1, step 0: sends keys of rank 1 from sums[0], which is not written yet'],
  [/a receive from rank 2/, 0, 'rank 1, step 0: receives keys of rank 0 from rank 2, which does not send it'],
  [/a receive into own/, 0, 'rank 1, step 0: writes keys of rank 0 over its own keys'],
  [/a tile into keys\[0\]/, 0, 'rank 1, step 0: writes statistics of rank 1 to keys[0], where nothing has read keys of rank 0 yet'],
  [/a tile again in the next step/, 0, 'rank 1, step 1: computes with the keys of rank 1 a second time'],
  [/a tile dropped/, 0, 'rank 1, step 1: sends statistics of rank 1 from sums[0], which is not written yet'],
  [/a merge dropped/, 1, 'rank 1, step 2: writes statistics of rank 2 to partial, where nothing has read statistics of rank 0 yet'],
  [/a merge twice/, 1, 'rank 1, step 1: merges the rows of rank 1 into statistics of rank 0 a second time'],
  [/a receive a step later/, 2, 'rank 1, step 3: receives statistics of rank 2, which rank 0 sends in step 2'],
];

for (const [what, step, mistake] of firstMistakes) {
  test(`a mutant is told where and why: ${what.source}, step ${step}`, (t) => {
    const mutant = mutantsAt(lower(even(3), 'forward'), 1, step).findLast((one) => what.test(one.what));
    t.is(mutant === undefined ? undefined : told(verify(mutant.schedule)).split('\n')[0], mistake);
  });
}

test('a schedule that lacks a rank or a step is refused', (t) => {
  const schedule = lower(even(3), 'forward');
  t.is(told(verify({ ...schedule, steps: schedule.steps.slice(1) })), 'rank 2, step 0: the schedule has 2 of 3 ranks');
  t.is(told(verify({ ...schedule, steps: schedule.steps.map((ofRank, rank) => (rank === 1 ? ofRank.slice(1) : ofRank)) })), 'rank 1, step 3: it has 3 steps, rank 0 has 4');
});

test('what cannot be laid out is refused with all that is wrong', (t) => {
  const refusals = (request: Parameters<typeof layOut>[0]): readonly string[] => t.throws(() => layOut(request), { instanceOf: InfinitileError }).diagnostics.map(({ message }) => message);
  const counts = [1, 1, 1, 1];
  t.deepEqual(refusals({ ranks: 0, rows: [], cols: [] }), ['a ring of 0 ranks']);
  t.deepEqual(refusals({ ranks: 4, nodes: 3, rows: counts, cols: counts }), ['4 ranks are not equally many on each of 3 nodes']);
  t.deepEqual(refusals({ ranks: 4, nodes: 0, inFlight: 1, rows: [1], cols: [0, 0, 0, 0] }), [
    '4 ranks are not equally many on each of 0 nodes',
    'rows: 1 shard for 4 ranks',
    'no rank has any cols',
    'inFlight is 1: every rank would wait for the next to free its only buffer',
  ]);
  t.deepEqual(refusals({ ranks: 2, rows: [1, -1], cols: [1, 0.5] }), ['rows of rank 1: -1 is no number of rows', 'cols of rank 1: 0.5 is no number of rows']);
});

test('bytes per hop and key row', (t) => {
  for (const [precision, stored] of [['f32', 4], ['bf16', 2], ['f16', 2]] as const) {
    for (const dim of [1, 512, 768]) {
      const costs = softmaxCosts({ dim, precision });
      t.is(hopBytesPerRow(costs, 'forward'), stored * dim + 8);
      t.is(hopBytesPerRow(costs, 'backward'), stored * dim + 4 * dim);
      t.is(finishedSumBytes(costs), 8);
    }
  }
  const ring = layOut({ ranks: 3, rows: [1, 1, 1], cols: [5, 0, 7] });
  t.is(hopBytes(ring, 40), 7 * 40);
  t.is(hopBytes(even(1), 40), 0);
});

test('what all ranks send: a shard passes P - 1 links with its keys, its sums pass P and come home', (t) => {
  fc.assert(fc.property(rings(12), fc.constantFrom(...passes), (ring, pass) => {
    const rowBytes = softmaxCosts({ dim: 24, precision: 'bf16' }).rowBytes[pass];
    const sent = ring.rows.flatMap(({ rank }) => trafficOf(ring, pass, rank, rowBytes));
    const keys = ring.cols.reduce((sum, { rank }) => sum + messageBytes(ring, { kind: 'keys', shard: rank }, rowBytes), 0);
    const sums = ring.cols.reduce((sum, { rank }) => sum + messageBytes(ring, { kind: pass === 'forward' ? 'statistics' : 'dKeys', shard: rank }, rowBytes), 0);
    const turns = ring.nodes === ring.ranks ? 1 : ring.nodes;
    // With several nodes a node's sums come together once a turn, before they go on to the next node.
    const sumHops = ring.ranks === 1 ? 0 : turns === 1 ? ring.ranks : ring.ranks + turns;
    t.is(sent.reduce((sum, { bytes }) => sum + bytes, 0), keys * (ring.ranks - 1) + sums * sumHops);
    const slow = sent.filter(({ link }) => link === 'inter').reduce((sum, { bytes }) => sum + bytes, 0);
    if (turns > 1) t.is(slow, keys * (ring.nodes - 1) + sums * ring.nodes, 'the slow links: once a node turn');
    if (ring.nodes === 1) t.is(slow, 0);
  }));
});

test('links of a node stay inside it', (t) => {
  t.is(linkOf(even(8, 2), 0, 3), 'intra');
  t.is(linkOf(even(8, 2), 3, 4), 'inter');
});

const cluster: Cluster = {
  intra: { latencySeconds: 5e-6, bytesPerSecond: 4e11 },
  inter: { latencySeconds: 1e-5, bytesPerSecond: 2.5e10 },
  flopsPerSecond: 4e14,
  overlap: true,
};
const costs = softmaxCosts({ dim: 768, precision: 'bf16' });

test('one rank is as efficient as one rank', (t) => {
  const simulation = simulate(even(1), costs, cluster);
  t.is(simulation.efficiency, 1);
  t.is(simulation.exposedSeconds, 0);
  t.is(simulation.seconds, (8 * 100 * 100 * 768) / 4e14);
});

test('efficiency falls with bandwidth, without overlap, and with latency; it is 1 on links that cost nothing', (t) => {
  for (const [ranks, nodes] of [[8, 1], [8, 2], [128, 16]] as const) {
    const ring = even(ranks, nodes, 4096 * ranks);
    const on = (change: Partial<Cluster>): number => simulate(ring, costs, { ...cluster, ...change }).efficiency;
    const link = (latencySeconds: number, bytesPerSecond: number): Partial<Cluster> => ({ intra: { latencySeconds, bytesPerSecond }, inter: { latencySeconds, bytesPerSecond } });
    const falling = [4e11, 1e11, 2e10, 5e9, 1e9].map((bandwidth) => on(link(5e-6, bandwidth)));
    falling.forEach((efficiency, i) => t.true(i === 0 || efficiency < (falling[i - 1] ?? 0), falling.join(' ')));
    t.true(on({ overlap: false }) < on({}));
    t.true(on(link(1e-3, 4e11)) < on({}));
    const free = on(link(0, Number.MAX_VALUE));
    t.true(Math.abs(free - 1) < 1e-9, `${free}`);
  }
});

test('without overlap a ring takes its tiles and its messages, one after the other', (t) => {
  const ring = even(2, 1, 2000);
  const message = (bytes: number): number => 5e-6 + bytes / 4e11;
  const { passSeconds } = simulate(ring, costs, { ...cluster, overlap: false });
  const tiles = (2 * 2 * 1000 * 1000 * 768) / 4e14;
  const expected = tiles + message(1000 * 2 * 768) + 2 * message(8000);
  t.true(Math.abs(passSeconds.forward - expected) < 1e-12, `${passSeconds.forward} ${expected}`);
});

test('of even shards one rank stands for all', (t) => {
  const ring = even(72, 9, 72 * 512);
  const { passSeconds } = simulate(ring, costs, cluster);
  for (const pass of passes) {
    const end = Math.max(...simulatedTimeline(ring, pass, costs, cluster).map((span) => span.end));
    t.true(Math.abs(passSeconds[pass] - end) < 1e-9 * end, `${pass} ${passSeconds[pass]} ${end}`);
  }
});

test('uneven shards wait for the largest', (t) => {
  const uneven = layOut({ ranks: 4, rows: [4096, 0, 0, 0], cols: [1024, 1024, 1024, 1024] });
  const { efficiency } = simulate(uneven, costs, cluster);
  t.true(efficiency < 0.25 && efficiency > 0.2, `${efficiency}`);
});

test('4,096 ranks are simulated', (t) => {
  const { efficiency, exposedSeconds } = simulate(even(4096, 512, 2 ** 24), costs, cluster);
  t.true(efficiency > 0.9 && efficiency < 1, `${efficiency}`);
  t.true(exposedSeconds > 0);
});

test('a printed schedule', (t) => {
  golden(t, 'ring/4-ranks.txt', passes.map((pass) => printSchedule(lower(even(4), pass))).join('\n'));
  golden(t, 'ring/4-ranks-2-nodes.txt', printSchedule(lower(layOut({ ranks: 4, nodes: 2, rows: [3, 3, 2, 0], cols: [1, 1, 2, 3] }), 'backward')));
});

test('a drawing has every tile and every message', (t) => {
  const ring = even(4, 2);
  const drawn = passes.map((pass) => ({ pass, spans: stepTimeline(ring, pass) }));
  const svg = drawTimeline(ring, drawn, { scale: 1, unit: 'steps' });
  t.is(svg.match(/<title>rank /g)?.length, drawn.reduce((sum, { spans }) => sum + spans.length, 0));
  t.is(drawn[0]?.spans.filter(({ lane }) => lane === 'tiles').length, 16);
  t.regex(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/);
  t.notRegex(svg, /NaN|undefined|href/);
});
