import test from 'ava';
import fc from 'fast-check';
import { compileProgram } from '../../codegen/compile.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import { closed, makeSpace, type SpaceRequest } from '../../codegen/space/index.js';
import { targets } from '../../codegen/targets/index.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { Problem, Target } from '../../codegen/targets/target.js';
import { automatic, clip, gist, infoNCE, InfinitileError, oneOf, siglip, supCon, tiling, type PairwiseLoss, type Tiling } from '../../dsl/index.js';

const losses: readonly PairwiseLoss[] = [clip, infoNCE, siglip, supCon, gist()];
const problems: fc.Arbitrary<{ readonly target: Target; readonly problem: Problem }> = fc.constantFrom(...targets).chain((target) =>
  fc
    .record({ loss: fc.constantFrom(...losses), dim: fc.constantFrom(7, 64, 512, 768, 1152, 2048), precision: fc.constantFrom(...target.precisions), softmax: fc.constantFrom('bounded' as const, 'running' as const), reports: fc.boolean() })
    .map((problem) => ({ target, problem: { ...problem, guideDim: 100 } })),
);

/** One that leaves all open, and some that do not. */
const tilings: readonly Tiling[] = [
  automatic,
  tiling('chunk', (t) => t.chunk({ rows: 2048, cols: 4096 })),
  tiling('recompute', (t) => t.chunk({ rows: 2048, cols: 4096, backward: 'recompute' })),
  tiling('workers', (t) => t.chunk({ rows: 4096, cols: 4096, fit: 'shrink', workers: 2 })),
  tiling('passes', (t) => t.pass('stats', { rows: 64, cols: 96 }).pass('gradient', { cols: 128, consumers: 'together' }).pass('accumulate', { cols: 128, cluster: 1 })),
  tiling('levelAndPass', (t) => t.block({ rows: 128, cols: 64, depth: 64 }).pass('gradient', { cols: 32 })),
];

test('a resolved tiling, closed, resolves to the same again', (t) => {
  let closedOnes = 0;
  fc.assert(
    fc.property(problems, fc.constantFrom(...tilings), ({ target, problem }, given) => {
      const { tiling: once } = target.resolve(problem, given);
      if (once === undefined) return;
      closedOnes += 1;
      const again = target.resolve(problem, closed(once));
      t.deepEqual(again.diagnostics, []);
      t.deepEqual(again.tiling, once);
    }),
    { numRuns: 400 },
  );
  t.true(closedOnes > 100);
});

const request = (target: Target, given: Partial<SpaceRequest> = {}): SpaceRequest => ({
  loss: clip,
  dim: 512,
  precision: target.device === 'cpu' ? 'f32' : 'bf16',
  target,
  tiling: automatic,
  run: { n: 30_000, m: 20_000, workers: target.multiprocessors ?? 4 },
  most: 48,
  ...given,
});

for (const target of targets) {
  const asked = request(target);
  const space = makeSpace(asked);

  test(`${target.name}: candidates are plans as they are compiled and bound, within the workspace, and none twice`, (t) => {
    t.is(space.candidates[0], space.usual);
    t.is(space.candidates.length, 48);
    t.is(new Set(space.candidates.map(({ id }) => id)).size, space.candidates.length);
    for (const { id, tiling: made, bound } of space.candidates) {
      const { plan } = compileProgram({ ...asked, tiling: made, softmax: 'bounded' });
      t.deepEqual(plan, bound.plan, id);
      t.deepEqual(bindWithin(plan, asked.run, target.defaultWorkspace), bound, id);
      t.true(bound.workspaceBytes <= target.defaultWorkspace, id);
    }
  });

  test(`${target.name}: what is usual is what runs when nothing is tuned`, (t) => {
    const { plan } = compileProgram({ ...asked, softmax: 'bounded' });
    t.deepEqual(space.usual.bound, bindWithin(plan, asked.run, target.defaultWorkspace));
  });

  test(`${target.name}: a candidate's tiling serves any number of rows, running maxima and reports`, (t) => {
    for (const { id, tiling: made } of space.candidates.slice(0, 12))
      for (const softmax of ['bounded', 'running'] as const)
        for (const reports of [false, true]) {
          const { plan } = compileProgram({ ...asked, tiling: made, softmax, reports });
          for (const n of [1, 1000, 300_000]) t.true(bindWithin(plan, { ...asked.run, n, m: n }, target.defaultWorkspace).workspaceBytes <= target.defaultWorkspace, `${id}, ${softmax}, ${n}`);
        }
  });

  test(`${target.name}: neighbours differ by a step, and are legal`, (t) => {
    const around = space.neighbours(space.usual);
    t.true(around.length > 3);
    t.false(around.includes(space.usual));
    for (const { settings, bound } of around) {
      const turned = space.axes.filter(({ level, knob }) => settings[`${level}.${knob}`] !== space.usual.settings[`${level}.${knob}`]);
      t.true(turned.length >= 1 && turned.filter(({ knob }) => knob !== 'stages').length <= 1, turned.map(({ knob }) => knob).join());
      t.true(bound.workspaceBytes <= target.defaultWorkspace);
    }
  });

  test(`${target.name}: the same request gives the same space, another seed another part of it`, (t) => {
    const ids = (of: SpaceRequest) => makeSpace(of).candidates.map(({ id }) => id);
    t.deepEqual(ids(asked), space.candidates.map(({ id }) => id));
    t.notDeepEqual(ids({ ...asked, seed: 1 }), ids(asked));
  });
}

test('what a tiling sets is kept, what it opens is turned, and an id names what varies', (t) => {
  const mine = tiling('mine', (l) => l.chunk({ rows: 4096, cols: 4096 }).block({ rows: oneOf(128, 64), cols: 128, depth: 32, stages: 3, group: 8 }).register({ rows: 64, cols: 32 }));
  const { candidates, axes } = makeSpace(request(sm80, { tiling: mine }));
  t.deepEqual(axes, [{ level: 'block', knob: 'rows', values: [64, 128] }]);
  t.deepEqual(candidates.map(({ id }) => id), ['block rows 128', 'block rows 64']);
  for (const { bound } of candidates) t.deepEqual(bound.plan.tiling.chunk, { rows: 4096, cols: 4096 });
});

test('chunks beyond the matrix are one', (t) => {
  const { candidates } = makeSpace(request(sm80, { run: { n: 1000, m: 1000, workers: 108 }, most: 500 }));
  t.deepEqual([...new Set(candidates.map(({ bound }) => `${bound.chunk.rows} x ${bound.chunk.cols}`))], ['1000 x 1000']);
});

test('a walk that makes gradients at once may be turned off', (t) => {
  const { candidates, axes } = makeSpace(request(sm90a, { loss: infoNCE, run: { n: 16_384, m: 16_384, workers: 132 } }));
  t.deepEqual(axes.find(({ knob }) => knob === 'backward')?.values, ['fused', 'recompute']);
  t.deepEqual(new Set(candidates.map(({ bound }) => bound.fused)), new Set([true, false]));
});

test('an open knob with no legal value is named, with each value and why', (t) => {
  const mine = tiling('mine', (l) => l.block({ rows: oneOf(96, 100), cols: 128, depth: 64 }));
  const error = t.throws(() => makeSpace(request(sm90a, { tiling: mine })), { instanceOf: InfinitileError });
  const [{ code, message, hint = '', span } = { code: '', message: '', span: undefined }] = error.diagnostics;
  t.is(code, 'INF3104');
  t.regex(message, /block\.rows.*96.*100/);
  t.regex(hint, /96: block\.rows is 96;.*100: block\.rows is 100;/);
  t.truthy(span);
});

test('what is wrong whatever open knobs say is told as it is', (t) => {
  const mine = tiling('mine', (l) => l.block({ rows: oneOf(64, 128), cols: 100, depth: 64 }));
  const error = t.throws(() => makeSpace(request(sm90a, { tiling: mine })), { instanceOf: InfinitileError });
  t.deepEqual(error.diagnostics.map(({ code }) => code), ['INF3101']);
});

test('open knobs take the first values that are legal together where the very first are not', (t) => {
  const mine = tiling('mine', (l) => l.block({ rows: oneOf(96, 64), cols: 128, depth: 64 }));
  t.is(makeSpace(request(sm90a, { tiling: mine })).usual.bound.plan.tiling.block.rows, 64);
});

test('sources depend on what their headers name, and on nothing else of a tiling', (t) => {
  for (const target of [sm90a, sm80]) {
    const texts = new Map<string, string>();
    for (const candidate of makeSpace(request(target, { most: 24 })).candidates) {
      const { files } = compileProgram({ ...request(target), tiling: { ...candidate.tiling, name: `t${texts.size}` }, softmax: 'bounded' });
      for (const { path, text } of files) {
        const key = `${path}: ${/^\/\/ tile +(.*)$/m.exec(text)?.[1] ?? ''}${[...text.matchAll(/^\/\/ {12}(register|instruction) .*$/gm)].join()}`;
        t.is(texts.get(key) ?? text, text, `${target.name}, ${key}`);
        texts.set(key, text);
      }
    }
    t.is([...texts.keys()].filter((key) => key.startsWith('vectors.cu')).length, 1);
  }
});
