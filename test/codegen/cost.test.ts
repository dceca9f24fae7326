import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { z } from 'zod';
import { estimate, printEstimate, type Estimate } from '../../codegen/cost/index.js';
import { overlapped } from '../../codegen/cost/roofline.js';
import { packagePath } from '../../codegen/emit/package-path.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import { lower } from '../../codegen/plan/lower.js';
import { targetNamed, targets } from '../../codegen/targets/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { Problem, Target } from '../../codegen/targets/target.js';
import { automatic, type Tiling } from '../../dsl/index.js';
import * as presets from '../../dsl/losses.js';
import type { PairwiseLoss } from '../../dsl/loss.js';

const losses = new Map<string, PairwiseLoss>(Object.values(presets).map((preset): PairwiseLoss => (typeof preset === 'function' ? preset() : preset)).map((loss) => [loss.name, loss]));

interface Asked extends Omit<Problem, 'softmax'> {
  readonly target: Target;
  readonly n: number;
  readonly workers?: number;
  readonly tiling?: Tiling;
  readonly budget?: number;
  readonly device?: string;
}

function estimateOf({ target, n, workers = target.multiprocessors ?? 4, tiling = automatic, budget = target.defaultWorkspace, device, ...asked }: Asked): Estimate {
  const problem: Problem = { ...asked, softmax: 'bounded' };
  const { tiling: resolved, diagnostics } = target.resolve(problem, tiling);
  if (resolved === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return estimate(bindWithin(lower(problem, target, resolved), { n, m: n, workers }, budget), target.machine({ workers, ...(device === undefined ? {} : { device }) }));
}

const clip = losses.get('clip') ?? presets.clip;
const timed = (asked: Partial<Asked> = {}): number => estimateOf({ target: sm90a, loss: clip, dim: 512, precision: 'bf16', n: 32_768, ...asked }).milliseconds;
const pass = (of: Estimate, kernel: string): number => of.passes.find((each) => each.kernel === kernel)?.milliseconds ?? NaN;

test('every plan of every preset has an estimate, and its passes make it up', (t) => {
  for (const target of targets)
    for (const loss of losses.values())
      for (const precision of target.precisions)
        for (const dim of [7, 512, 1536]) {
          const made = estimateOf({ target, loss, dim, precision, n: 5000 });
          const what = `${target.name}, ${loss.name}, ${precision}, D = ${dim}`;
          t.true(Number.isFinite(made.milliseconds) && made.milliseconds > 0, what);
          t.true(made.passes.every(({ milliseconds, flops, bytes }) => [milliseconds, flops, bytes].every((value) => Number.isFinite(value) && value >= 0)), what);
          t.true(Math.abs(made.passes.reduce((sum, { milliseconds }) => sum + milliseconds, 0) - made.milliseconds) < 1e-9 * made.milliseconds, what);
        }
});

/** What the records of docs/measurements say of a case; more is there. */
const record = z.object({
  cases: z.array(
    z.object({
      ...{ loss: z.string(), device: z.string(), target: z.string(), precision: z.enum(['f32', 'bf16', 'f16']), n: z.number(), dim: z.number() },
      forwardBackwardDeviceMs: z.number().nullish(),
      workspaceBytes: z.number(),
      ring: z.object({ ranks: z.number() }).nullish(),
      passes: z.array(z.object({ name: z.string(), ms: z.number() })).nullish(),
    }),
  ),
});

const folder = packagePath('docs', 'measurements');
/** Passes as long as these are told apart from launches; of whole steps also the shortest. */
const longMs = 1;
const allowed = { pass: 1.15, step: 1.35 };

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  test(`what was measured is reproduced: ${file}`, (t) => {
    let compared = 0;
    for (const { loss: name, device, target: targetName, precision, n, dim, forwardBackwardDeviceMs, ring, passes } of record.parse(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))).cases) {
      const [target, loss] = [targetNamed(targetName), losses.get(name)];
      if (target === undefined || loss === undefined || (ring?.ranks ?? 1) > 1) continue;
      const made = estimateOf({ target, loss, precision, dim, n, device, ...(file === 'hopper-budget.json' ? { budget: 2 ** 28 } : {}) });
      const near = (predicted: number, measured: number, factor: number, what: string): void => {
        compared += 1;
        t.true(predicted < measured * factor && measured < predicted * factor, `${what}: ${predicted.toFixed(2)} ms predicted, ${measured.toFixed(2)} measured`);
      };
      if (typeof forwardBackwardDeviceMs === 'number') near(made.milliseconds, forwardBackwardDeviceMs, allowed.step, `${name}, N = ${n}, D = ${dim}`);
      for (const { name: kernel, ms } of passes ?? []) if (ms > longMs) near(pass(made, kernel), ms, allowed.pass, `${name}, D = ${dim}, ${kernel}`);
    }
    t.true(compared > 0);
  });
}

test('more rows, a greater depth and more precise numbers never take less', (t) => {
  const sizes = fc.record({ target: fc.constantFrom(...targets), n: fc.integer({ min: 64, max: 20_000 }), more: fc.integer({ min: 2, max: 4 }), dim: fc.constantFrom(64, 256, 512, 1024) });
  fc.assert(
    fc.property(sizes, ({ target, n, more, dim }) => {
      const precision = target.device === 'cpu' ? 'f32' : 'bf16';
      const at = (asked: Partial<Asked>): number => estimateOf({ target, loss: clip, dim, precision, n, ...asked }).milliseconds;
      const once = at({});
      t.true(at({ n: n * more }) >= once, `${target.name}: ${n * more} rows against ${n}, D = ${dim}`);
      t.true(at({ dim: dim * 2 }) >= once, `${target.name}: D = ${dim * 2} against ${dim}, N = ${n}`);
    }),
    { numRuns: 150 },
  );
  t.true(timed({ precision: 'f32' }) > 2 * timed());
});

test('a slower machine takes longer, on the resource that it is slower at', (t) => {
  const asked = { target: sm90a, loss: clip, dim: 512, precision: 'bf16', n: 65_536 } as const;
  const problem: Problem = { ...asked, softmax: 'bounded' };
  const { tiling } = sm90a.resolve(problem, automatic);
  t.truthy(tiling);
  if (tiling === undefined) return;
  const bound = bindWithin(lower(problem, sm90a, tiling), { n: asked.n, m: asked.n, workers: 132 }, sm90a.defaultWorkspace);
  const machine = sm90a.machine({ device: 'NVIDIA H200', workers: 132 });
  const usual = estimate(bound, machine);
  const slower = { memoryBytes: machine.memoryBytes / 8, macsPerClock: machine.macsPerClock / 4, specialPerClock: machine.specialPerClock / 16, sharedBytesPerClock: machine.sharedBytesPerClock / 4, l2Bytes: machine.l2Bytes / 8 } as const;
  const bounds = { memoryBytes: 'memory', macsPerClock: 'arithmetic', specialPerClock: 'special functions', sharedBytesPerClock: 'shared memory', l2Bytes: 'L2' } as const;
  for (const rate of ['memoryBytes', 'macsPerClock', 'specialPerClock', 'sharedBytesPerClock', 'l2Bytes'] as const) {
    const made = estimate(bound, { ...machine, [rate]: slower[rate] });
    t.true(made.milliseconds > usual.milliseconds, rate);
    t.is(made.passes.find(({ kernel }) => kernel === 'gradient')?.bound, bounds[rate]);
  }
});

test('tiles cost what they cost for reasons', (t) => {
  const statsOf = (levels: Partial<NonNullable<NonNullable<Tiling['passes']>['stats']>>, dim = 512): Estimate => estimateOf({ target: sm90a, loss: clip, dim, precision: 'bf16', n: 32_768, tiling: { ...automatic, passes: { stats: levels } } });
  const on = (made: Estimate, resource: 'L2' | 'shared memory' | 'arithmetic'): number => made.passes.find(({ kernel }) => kernel === 'stats')?.on[resource] ?? NaN;
  // A wider tile reads its queries for more columns.
  t.true(on(statsOf({ cols: 128 }), 'shared memory') < on(statsOf({ cols: 64 }), 'shared memory'));
  // Keys that stay are not copied again.
  t.true(on(statsOf({ panel: 'resident', stages: 4 }), 'L2') < on(statsOf({ panel: 'streamed', consumers: 'turns', cols: 128, cluster: 1, stages: 4 }), 'L2'));
  // A cluster shares its copies of keys.
  t.true(on(statsOf({ panel: 'streamed', consumers: 'together', cols: 256, cluster: 2, stages: 4 }, 2048), 'L2') < on(statsOf({ panel: 'streamed', consumers: 'together', cols: 256, cluster: 1, stages: 4 }, 2048), 'L2'));
  // Two stages do not cover the way to L2.
  t.true(pass(statsOf({ stages: 6 }), 'stats') < pass(statsOf({ stages: 2 }), 'stats'));
  // Two tiles more than go round leave multiprocessors idle.
  const ofRows = (n: number): number => pass(estimateOf({ target: sm90a, loss: clip, dim: 512, precision: 'bf16', n }), 'accumulate');
  t.true(ofRows(8704) > 1.3 * ofRows(8448));
});

test('resources run side by side: the longest counts, and a little more where others are as long', (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 6 }), fc.double({ min: 0, max: 10, noNaN: true }), (seconds, more) => {
      const [all, longest] = [overlapped(seconds), Math.max(...seconds)];
      t.true(all >= longest && all <= 1.13 * longest);
      t.true(overlapped([...seconds.slice(1), (seconds[0] ?? 0) + more]) >= all * (1 - 1e-12));
    }),
  );
});

test('an estimate prints by pass, the longest first', (t) => {
  const made = estimateOf({ target: sm90a, loss: clip, dim: 512, precision: 'bf16', n: 65_536 });
  const [head = '', first = '', second = ''] = printEstimate(made, sm90a.machine()).split('\n');
  t.regex(head, /^estimate {2}2\d\.\d ms forward and backward, on NVIDIA H200$/);
  t.regex(first, /^ {2}accumulate +1\d\.\d ms {2}[\w ]+$/);
  t.regex(second, /^ {2}gradient +\d\.\d\d ms {2}shared memory$/);
});
