import test, { type ExecutionContext } from 'ava';
import { clip, compile, connectLocal, infoNCE, InfinitileError, tiling, type PairwiseLoss, type RunInputs } from '../../runtime/index.js';
import type { CompileOptions } from '../../runtime/compile.js';
import type { StepOptions } from '../../runtime/session.js';
import { rows } from '../numeric/rows.js';
import { RingKernel, type RankKernel } from '../support/ring-kernel.js';
import { RingSessions } from '../support/ring-sessions.js';

const [dim, ranks] = [24, 3];
const step = { params: { logScale: 1 }, gradients: true };

async function ranksOf(t: ExecutionContext, loss: PairwiseLoss, options: Partial<CompileOptions> = {}): Promise<readonly RankKernel[]> {
  const ring = new RingKernel(loss, { dim, ...options }, { ranks });
  t.teardown(() => ring.close());
  return ring.kernels(ranks);
}

/** So many queries and keys of each rank. */
function partsOf(counts: readonly (readonly [queries: number, keys: number])[]): { readonly q: Float32Array; readonly k: Float32Array }[] {
  return counts.map(([queries, keys], rank) => ({ q: rows(queries, dim, 10 + rank), k: rows(keys, dim, 20 + rank) }));
}

const even = partsOf([[20, 20], [21, 21], [22, 22]]);

/** What each rank is told. */
async function failuresOf(work: readonly Promise<unknown>[]): Promise<readonly string[]> {
  return (await Promise.allSettled(work)).map((outcome) => (outcome.status === 'fulfilled' ? 'done' : outcome.reason instanceof Error ? outcome.reason.message : 'no error'));
}

async function openingFailures(of: readonly RankKernel[], parts: readonly RunInputs[]): Promise<readonly string[]> {
  return failuresOf(of.map(({ kernel }, rank) => kernel.session(parts[rank] ?? { q: new Float32Array() })));
}

/** The group has not suffered. */
async function goesOn(t: ExecutionContext, of: readonly RankKernel[]): Promise<void> {
  t.false(of.some(({ communicator }) => communicator.lost.aborted));
  const sessions = await RingSessions.of(of, even);
  t.true(Number.isFinite((await sessions.outcome(step)).loss));
  sessions.close();
}

const small = tiling('small', (levels) => levels.chunk({ rows: 16, cols: 16 }).block({ rows: 4, cols: 16, depth: 8 }).register({ rows: 4, cols: 16 }));
const long = partsOf([[900, 900], [900, 900], [900, 900]]);

/** Aborts once the pass of rank 0 is under way. */
function abortingStep(controller: AbortController): (rank: number, heeds: boolean) => StepOptions {
  const onProgress = () => controller.abort(new Error('enough of it'));
  return (rank, heeds) => ({ ...step, ...(heeds ? { signal: controller.signal } : {}), ...(rank === 0 ? { onProgress } : {}) });
}

test('an abort in the middle of a pass ends all ranks, and the group', async (t) => {
  const of = await ranksOf(t, clip, { tiling: small });
  const sessions = await RingSessions.of(of, long);
  const stepOf = abortingStep(new AbortController());
  t.deepEqual(await failuresOf(sessions.each.map((session, rank) => session.step(stepOf(rank, true)))), ['enough of it', 'enough of it', 'enough of it']);
  t.true(of.every(({ communicator }) => communicator.lost.aborted));
  for (const failure of await failuresOf(sessions.each.map((session) => session.step(step)))) t.regex(failure, /^INF7101 rank \d has failed: enough of it/);
});

test('of a rank that is aborted alone the others hear why', async (t) => {
  const of = await ranksOf(t, clip, { tiling: small });
  const sessions = await RingSessions.of(of, long);
  const stepOf = abortingStep(new AbortController());
  const [first = '', ...others] = await failuresOf(sessions.each.map((session, rank) => session.step(stepOf(rank, rank === 0))));
  t.is(first, 'enough of it');
  for (const other of others) t.regex(other, /INF7101 [^]*rank 0[^]*enough of it/);
  t.true(of.every(({ communicator }) => communicator.lost.aborted));
});

test('ranks that ask for different steps are refused, and go on', async (t) => {
  const of = await ranksOf(t, clip);
  const sessions = await RingSessions.of(of, even);
  const before = await sessions.outcome(step);
  const different: readonly (readonly [StepOptions, RegExp])[] = [
    [{ ...step, params: { logScale: 2 } }, /^INF7102 parameter logScale: rank 0 has '1', rank 2 has '2'/],
    [{ ...step, gradients: false }, /^INF7102 what a step gives: rank 0 has 'loss, gradients', rank 2 has 'loss'/],
  ];
  for (const [other, message] of different) {
    for (const failure of await failuresOf(sessions.each.map((session, rank) => session.step(rank === 2 ? other : step)))) t.regex(failure, message);
    t.deepEqual(await sessions.outcome(step), before);
  }
  sessions.close();
});

test('NaN in the rows of one rank is told on all, and they go on', async (t) => {
  const of = await ranksOf(t, clip);
  const bad = partsOf([[20, 20], [21, 21], [22, 22]]);
  if (bad[1] !== undefined) bad[1].k[5 * dim + 3] = NaN;
  const [zeroth = '', first = '', second = ''] = await openingFailures(of, bad);
  t.regex(first, /^INF4008 k holds NaN or infinity: row 5 is the first such row/);
  for (const other of [zeroth, second]) t.regex(other, /^INF7101 rank 1: INF4008 k holds NaN or infinity: row 5/);
  await goesOn(t, of);
});

test('a rank without rows is refused by its number, and they go on', async (t) => {
  const of = await ranksOf(t, infoNCE);
  const [zeroth = '', first = '', second = ''] = await openingFailures(of, partsOf([[20, 20], [21, 21], [0, 22]]));
  t.regex(second, /^INF4003 q is empty/);
  for (const other of [zeroth, first]) t.regex(other, /^INF7101 rank 2: INF4003 q is empty/);
  await goesOn(t, of);
});

test('a key and its query are on one rank, and whoever breaks that is named on all', async (t) => {
  const of = await ranksOf(t, clip);
  const uneven = partsOf([[20, 20], [21, 19], [22, 24]]);
  for (const failure of await openingFailures(of, uneven)) t.regex(failure, /^INF4017 rank 1 has 21 queries and 19 keys: loss 'clip' needs a key and its query on the same rank/);
  await goesOn(t, of);
});

test('ranks that compile different losses are refused', async (t) => {
  const rings = connectLocal(2);
  const outcomes = await Promise.allSettled(rings.map((ring) => compile(ring.rank === 0 ? clip : infoNCE, { dim, threads: 1, ring })));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') return t.fail();
    t.true(outcome.reason instanceof InfinitileError && outcome.reason.diagnostics.some(({ code, message }) => code === 'INF7102' && message.startsWith('loss: rank 0 has')));
  }
});
