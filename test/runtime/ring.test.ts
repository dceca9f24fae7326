import test, { type ExecutionContext } from 'ava';
import { clip, compile, infoNCE, tiling, type PairwiseLoss } from '../../runtime/index.js';
import type { Session, StepOptions } from '../../runtime/session.js';
import { toleranceOf } from '../../runtime/tune/worker/tolerance.js';
import { rows } from '../numeric/rows.js';
import { RingKernel, type RingOptions, type WholeInputs } from '../support/ring-kernel.js';
import { RingSessions, type Outcome } from '../support/ring-sessions.js';

const [n, dim, ranks] = [67, 24, 3];
const q = rows(n, dim, 1);
const k = rows(n, dim, 2);

async function withRing(t: ExecutionContext, loss: PairwiseLoss, inputs: WholeInputs, use: (sessions: RingSessions) => Promise<void>, { apart = false, ...options }: Partial<Parameters<typeof compile>[1]> & Pick<RingOptions, 'apart'> = {}): Promise<void> {
  const ring = new RingKernel(loss, { dim, ...options }, { ranks, apart });
  t.teardown(() => ring.close());
  const sessions = await RingSessions.open(ring, inputs);
  await use(sessions);
  sessions.close();
  for (const { kernel } of sessions.ranks) t.is(kernel.device.allocatedBytes, 0, 'nothing is held');
}

/** What one rank gives that has the whole. */
async function alone(t: ExecutionContext, loss: PairwiseLoss, inputs: WholeInputs): Promise<(options: StepOptions) => Promise<Outcome>> {
  const kernel = await compile(loss, { dim, threads: 1 });
  const session = await kernel.session(inputs);
  t.teardown(() => kernel.close());
  return async (options) => {
    const { loss, params, softmax } = await session.step(options);
    const read = async (name: 'dQueries' | 'dKeys') => (options.gradients ? gradient(session, name) : []);
    return { loss, params, softmax, dQueries: await read('dQueries'), dKeys: await read('dKeys') };
  };
}

async function gradient(session: Session, name: 'dQueries' | 'dKeys'): Promise<readonly number[]> {
  const values = new Float32Array(session.rows(name === 'dQueries' ? 'queries' : 'keys') * dim);
  await session.read(name, values);
  return [...values];
}

function near(t: ExecutionContext, found: Outcome, exact: Outcome, what: string): void {
  const most = toleranceOf('f32', 'cpu');
  const apart = (values: readonly number[], wanted: readonly number[]) => Math.hypot(...wanted.map((value, i) => value - (values[i] ?? NaN))) / Math.hypot(...wanted);
  t.is(found.softmax, exact.softmax, what);
  t.true(apart([found.loss], [exact.loss]) <= most.loss, `${what}: the loss is ${found.loss}, that of one rank ${exact.loss}`);
  for (const name of ['dQueries', 'dKeys'] as const) {
    t.is(found[name].length, exact[name].length, `${what}: ${name}`);
    if (exact[name].length > 0) t.true(apart(found[name], exact[name]) <= 2 * most.gradient, `${what}: ${name} is off by ${apart(found[name], exact[name])}`);
  }
  t.deepEqual(Object.keys(found.params), Object.keys(exact.params), what);
  for (const [name, value] of Object.entries(exact.params)) t.true(Math.abs((found.params[name] ?? NaN) - value) <= 2 * most.gradient * Math.max(1, Math.abs(value)), `${what}: d${name}`);
}

const scales = [1, 2, 2.5, 1];

test('every step of three ranks is that of one; forward steps among them', async (t) => {
  for (const loss of [clip, infoNCE]) {
    const one = await alone(t, loss, { q, k });
    await withRing(t, loss, { q, k }, async (sessions) => {
      for (const gradients of [true, false, true]) {
        for (const logScale of scales) near(t, await sessions.outcome({ params: { logScale }, gradients }), await one({ params: { logScale }, gradients }), `${loss.name}, logScale ${logScale}`);
      }
    });
  }
});

test('the same parameters give the same bits: in later steps, and in another group, whose ranks have no memory together', async (t) => {
  const groups: Outcome[][] = [];
  for (const apart of [false, true]) {
    const take = async (sessions: RingSessions): Promise<void> => {
      const outcomes: Outcome[] = [];
      for (const logScale of scales) outcomes.push(await sessions.outcome({ params: { logScale }, gradients: true }));
      t.deepEqual(outcomes.at(-1), outcomes[0]);
      t.notDeepEqual(outcomes[1], outcomes[0]);
      groups.push(outcomes);
    };
    await withRing(t, clip, { q, k }, take, { apart });
  }
  t.deepEqual(groups[1], groups[0]);
});

test('walks that were over soon are kept ready as one list: progress then comes once', async (t) => {
  const chunks = tiling('chunks', (levels) => levels.chunk({ rows: 16, cols: 16 }).block({ rows: 4, cols: 16, depth: 8 }).register({ rows: 4, cols: 16 }));
  await withRing(
    t,
    clip,
    { q, k },
    async (sessions) => {
      const counts = async (): Promise<readonly number[]> => {
        const done: number[] = [];
        await Promise.all(sessions.each.map((session, rank) => session.step({ params: { logScale: 1 }, gradients: true, ...(rank === 0 ? { onProgress: (pairs) => done.push(pairs) } : {}) })));
        return done;
      };
      const own = sessions.each[0]?.rows('queries') ?? 0;
      t.true((await counts()).length > 2, 'the first is walked in lists');
      // A machine that is busy may make a pass long, which is walked in lists once more.
      let last = await counts();
      for (let step = 0; step < 20 && last.length > 1; step += 1) last = await counts();
      t.deepEqual(last, [2 * own * n]);
    },
    { tiling: chunks },
  );
});

test('a step whose sums leave the range starts over on all ranks alike', async (t) => {
  const inputs = opposite();
  const one = await alone(t, clip, inputs);
  await withRing(t, clip, inputs, async (sessions) => {
    const modes: string[] = [];
    for (const scale of [10, 10, 150, 10, 150]) {
      const step = { params: { logScale: Math.log(scale) }, gradients: true };
      const found = await sessions.outcome(step);
      near(t, found, await one(step), `scale ${scale}`);
      modes.push(found.softmax);
    }
    t.deepEqual(modes, ['bounded', 'bounded', 'running', 'bounded', 'running']);
  });
});

test('a sum that leaves the range on one rank alone starts all over', async (t) => {
  const inputs = opposite();
  // The last rows meet keys of their own direction: their sums stay in range, those of the others do not.
  for (let row = n - 5; row < n; row += 1) inputs.q.set(inputs.k.subarray(row * dim, (row + 1) * dim), row * dim);
  const one = await alone(t, infoNCE, inputs);
  await withRing(t, infoNCE, inputs, async (sessions) => {
    const step = { params: { logScale: Math.log(150) }, gradients: true };
    const found = await sessions.outcome(step);
    t.is(found.softmax, 'running');
    near(t, found, await one(step), 'one rank');
  });
});

/** Columns opposite to every row: far below the offset that keeps the best possible logit in range. */
function opposite(): { readonly q: Float32Array; readonly k: Float32Array } {
  const [ones, others] = [new Float32Array(n * dim), new Float32Array(n * dim)];
  for (let row = 0; row < n; row += 1) {
    ones[row * dim] = 1;
    others[row * dim] = -Math.cos(row / 400);
    others[row * dim + 1] = Math.sin(row / 400);
  }
  return { q: ones, k: others };
}
