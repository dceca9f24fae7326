import test from 'ava';
import { clip, compile, siglip, tiling, type Kernel } from '../../runtime/index.js';
import type { Session } from '../../runtime/session.js';
import { rows } from '../numeric/rows.js';
import { resizableBuffer } from '../support/resizable.js';

const [n, dim] = [40, 32];
const q = rows(n, dim, 1);
const k = rows(n, dim, 2);

async function withSession(loss: typeof clip, inputs: Parameters<Kernel['session']>[0], use: (session: Session, kernel: Kernel) => Promise<void>, options: Partial<Parameters<typeof compile>[1]> = {}): Promise<void> {
  const kernel = await compile(loss, { dim, threads: 1, ...options });
  const session = await kernel.session(inputs);
  try {
    await use(session, kernel);
  } finally {
    session.close();
    kernel.close();
  }
}

/** What a step gives, its times apart. */
async function outcome(session: Session, options: Parameters<Session['step']>[0]) {
  const { loss, params, softmax } = await session.step(options);
  const dQueries = new Float32Array(options.gradients ? n * dim : 0);
  if (options.gradients) await session.read('dQueries', dQueries);
  return { loss, params, softmax, dQueries };
}

async function alone(loss: typeof clip, inputs: Parameters<Kernel['session']>[0], options: Parameters<Session['step']>[0]) {
  const results: Awaited<ReturnType<typeof outcome>>[] = [];
  await withSession(loss, inputs, async (session) => void results.push(await outcome(session, options)));
  return results[0];
}

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

test('the second step, and every later one, gives what the first would', async (t) => {
  for (const [loss, more] of [[clip, {}], [siglip, { bias: -3 }]] as const) {
    await withSession(loss, { q, k }, async (session) => {
      for (const [i, logScale] of [1, 2, 2.5, 1].entries()) {
        const step = { params: { logScale, ...more }, gradients: i !== 2 };
        t.deepEqual(await outcome(session, step), await alone(loss, { q, k }, step), `${loss.name}, step ${i}`);
      }
    });
  }
});

test('a gradient is not read into memory that may go meanwhile', async (t) => {
  await withSession(clip, { q, k }, async (session) => {
    await session.step({ params: { logScale: 1 }, gradients: true });
    await t.throwsAsync(session.read('dQueries', new Float32Array(resizableBuffer(4 * n * dim))), { message: /^INF4004 target is an array over a resizable ArrayBuffer/ });
  });
});

test('several chunks are walked as one list, too', async (t) => {
  const chunks = tiling('chunks', (levels) => levels.chunk({ rows: 32, cols: 32 }));
  await withSession(
    clip,
    { q, k },
    async (session) => {
      const steps = [0, 1, 2].map(() => ({ params: { logScale: 2 }, gradients: true }));
      const outcomes: unknown[] = [];
      const seen: number[][] = [];
      for (const step of steps) {
        const counts: number[] = [];
        outcomes.push(await outcome(session, { ...step, onProgress: (done) => counts.push(done) }));
        seen.push(counts);
      }
      t.deepEqual(outcomes[1], outcomes[0]);
      t.deepEqual(outcomes[2], outcomes[0]);
      for (const counts of seen) t.is(counts.at(-1), 2 * n * n);
      t.deepEqual(seen[2], [n * n, 2 * n * n]);
    },
    { tiling: chunks },
  );
});

test('a step whose sums leave the range starts over, whatever the steps before it', async (t) => {
  const inputs = opposite();
  await withSession(clip, inputs, async (session, kernel) => {
    const modes: string[] = [];
    for (const scale of [10, 10, 150, 10, 10, 10, 150, 150]) {
      const step = { params: { logScale: Math.log(scale) }, gradients: true };
      const result = await outcome(session, step);
      t.deepEqual(result, await alone(clip, inputs, step));
      modes.push(result.softmax);
    }
    t.deepEqual(modes, ['bounded', 'bounded', 'running', 'bounded', 'bounded', 'bounded', 'running', 'running']);
    const declared = Math.max(...(['bounded', 'running'] as const).map((mode) => kernel.bind(n, n, mode).buffers.reduce((sum, { bytes }) => sum + bytes, 0)));
    t.true(kernel.device.allocatedBytes <= declared, `${kernel.device.allocatedBytes} bytes held, ${declared} declared`);
  });
});

test('the readings of a walk are one copy', async (t) => {
  for (const [loss, params] of [[clip, { logScale: 1 }], [siglip, { logScale: 1, bias: -3 }]] as const) {
    await withSession(loss, { q, k }, async (session) => {
      for (const gradients of [false, true]) {
        const names: string[] = [];
        await session.step({ params, gradients, onCommand: ({ name }) => names.push(name) });
        t.is(names.filter((name) => name === 'read').length, gradients && loss === clip ? 2 : 1, `${loss.name}, gradients ${gradients}`);
      }
    });
  }
});

test('walks are timed apart', async (t) => {
  await withSession(clip, { q, k }, async (session) => {
    for (let i = 0; i < 3; i += 1) {
      const both = await session.step({ params: { logScale: 1 }, gradients: true });
      t.true(both.forwardMilliseconds > 0 && both.backwardMilliseconds > 0);
      const forward = await session.step({ params: { logScale: 1 }, gradients: false });
      t.true(forward.forwardMilliseconds > 0);
      t.is(forward.backwardMilliseconds, 0);
    }
  });
});

test('an abort is heard before a step that is ready, and closing frees everything', async (t) => {
  const kernel = await compile(clip, { dim, threads: 1 });
  const session = await kernel.session({ q, k });
  const step = { params: { logScale: 1 }, gradients: true };
  for (let i = 0; i < 3; i += 1) await session.step(step);
  await t.throwsAsync(session.step({ ...step, signal: AbortSignal.abort(new Error('enough')) }), { message: 'enough' });
  t.true(Number.isFinite((await session.step(step)).loss));
  session.close();
  t.is(kernel.device.allocatedBytes, 0);
  kernel.close();
});
