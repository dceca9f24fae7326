import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { automatic, clip, compile, gte, InfinitileError, ntXent, siglip, supCon, type RunResult, type Tiling } from '../../../runtime/index.js';
import { withUsual } from '../../../runtime/bench/usual-parameters.js';
import { Checker } from '../../../runtime/tune/worker/checker.js';
import type { Problem } from '../../../runtime/tune/worker/messages.js';
import { TimingDevice } from '../../../runtime/tune/worker/timing-device.js';
import { TimingProcess } from '../../../runtime/tune/worker/timing-process.js';

const problem: Problem = { loss: clip, dim: 16, precision: 'f32', target: 'cpu', gpu: 0, threads: 1, workspace: 2 ** 26, n: 300, m: 300, params: { logScale: 2 } };
const named = (name: string): Tiling => ({ ...automatic, name });
const limit = 240_000;

function fakeDevice(t: ExecutionContext): TimingDevice {
  const device = new TimingDevice(problem, () => new TimingProcess(path.join(import.meta.dirname, 'fake-worker.ts')));
  t.teardown(() => device.close());
  return device;
}

test.serial('one process answers until a tiling brings it down; then another does', async (t) => {
  const device = fakeDevice(t);
  const pid = async (): Promise<number> => {
    const answer = await device.time(named('works'), limit);
    return answer.kind === 'timed' ? answer.ms : NaN;
  };
  const first = await pid();
  t.is(await pid(), first);
  t.deepEqual(await device.time(named('crashes'), limit), { kind: 'fault', stage: 'run', reason: 'its process ended by SIGSEGV' });
  const second = await pid();
  t.not(second, first);
  t.deepEqual(await device.time(named('leaves'), limit), { kind: 'fault', stage: 'run', reason: 'its process ended with exit code 3: CUDA_ERROR_ILLEGAL_ADDRESS' });
  t.deepEqual(await device.check(named('fails'), limit), { kind: 'fault', stage: 'run', reason: 'an illegal address was read' });
  t.not(await pid(), second, 'a device that has failed may have lost its context');
  t.deepEqual(await device.check(named('works'), limit), { kind: 'checked', error: 0.5, worst: 'loss' });
});

test.serial('a tiling that hangs is ended when its time is over, and the next is timed', async (t) => {
  const device = fakeDevice(t);
  await device.open(limit);
  t.deepEqual(await device.time(named('hangs'), 200), { kind: 'fault', stage: 'timeout', reason: 'no answer within 0.2 s' });
  t.is((await device.time(named('works'), limit)).kind, 'timed');
});

test.serial('closing it ends what it is at', async (t) => {
  const device = fakeDevice(t);
  await device.open(limit);
  const hanging = device.time(named('hangs'), limit);
  await setImmediate();
  device.close();
  t.deepEqual(await hanging, { kind: 'fault', stage: 'run', reason: 'its process ended by SIGKILL' });
});

test.serial('a device that cannot be opened is told of, with what it said', async (t) => {
  const device = new TimingDevice({ ...problem, target: 'sm_80' });
  t.teardown(() => device.close());
  const error = await t.throwsAsync(device.open(limit), { instanceOf: InfinitileError });
  t.regex(error.message, /INF7003 nothing can be timed on target sm_80 with 300 x 300 rows of 16 numbers: .*(GPU|CUDA|driver|does not run)/s);
});

test.serial('the process times and checks a tiling on the CPU', async (t) => {
  const device = new TimingDevice(problem);
  t.teardown(() => device.close());
  const tiling: Tiling = { kind: 'tiling', name: 'small', chunk: { rows: 512, cols: 1024, fit: 'shrink' } };
  const timed = await device.time(tiling, limit);
  t.is(timed.kind, 'timed', JSON.stringify(timed));
  const checked = await device.check(tiling, limit);
  t.true(checked.kind === 'checked' && checked.error !== null && checked.error <= 1, JSON.stringify(checked));
  const impossible = await device.time({ ...tiling, block: { rows: 48, cols: 1024, depth: 3 } }, limit);
  t.true(impossible.kind === 'fault' && /depth/.test(impossible.reason), JSON.stringify(impossible));
});

for (const loss of [clip, siglip, ntXent, supCon, gte]) {
  test.serial(`the check of ${loss.name} passes kernels that are right, and no others`, async (t) => {
    const of: Problem = { ...problem, loss, params: withUsual(loss, {}) };
    const checker = await Checker.prepare(of);
    const compiled = await compile(loss, { dim: of.dim, threads: 1, tuned: false });
    t.teardown(() => compiled.close());
    const right = await checker.check(compiled, () => compiled);
    t.true(right.error !== null && right.error <= 1, JSON.stringify(right));
    for (const [worst, damage] of Object.entries(damages)) {
      const wrong = await checker.check(compiled, () => ({ run: async (inputs) => damage(await compiled.run(inputs)) }));
      t.is(wrong.worst, worst);
      t.true(wrong.error === null || wrong.error > 1, JSON.stringify(wrong));
    }
  });
}

const damages: Readonly<Record<string, (right: RunResult) => RunResult>> = {
  loss: (right) => ({ ...right, loss: right.loss * 1.001 }),
  dQ: (right) => ({ ...right, ...(right.gradients === undefined ? {} : { gradients: { ...right.gradients, q: right.gradients.q.map((value, i) => (i === 100 ? NaN : value)) } }) }),
};
