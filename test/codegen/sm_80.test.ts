import test from 'ava';
import type { BlockLevel, RegisterLevel, Tiling } from '../../dsl/tiling.js';
import { bind, unstacked } from '../../codegen/plan/bind.js';
import { lower } from '../../codegen/plan/lower.js';
import { sharedBytesByCapability } from '../../codegen/targets/sm_80/limits.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import type { Problem } from '../../codegen/targets/target.js';
import { clip, siglip, type Precision } from '../../runtime/index.js';
import { compileProgram } from '../../codegen/compile.js';
import { featureLosses } from './feature-losses.js';

const problem = (dim: number, precision: Precision = 'bf16', softmax: Problem['softmax'] = 'bounded'): Problem => ({ loss: clip, dim, precision, softmax });
const tilingOf = (levels: Omit<Tiling, 'kind' | 'name'> = {}): Tiling => ({ kind: 'tiling', name: 'test', ...levels });
const block = (knobs: Partial<BlockLevel>): BlockLevel => ({ rows: 128, cols: 128, depth: 32, ...knobs });

const depths = [1, 7, 64, 100, 512, 769, 1152, 4096];

test('defaults fit every GPU that the target serves, and the default workspace', (t) => {
  const least = Math.min(...Object.values(sharedBytesByCapability));
  for (const dim of depths) {
    for (const precision of sm80.precisions) {
      for (const softmax of ['bounded', 'running'] as const) {
        const given = problem(dim, precision, softmax);
        const { tiling, diagnostics } = sm80.resolve(given, tilingOf());
        t.deepEqual(diagnostics, []);
        if (tiling === undefined) continue;
        const plan = lower(given, sm80, tiling);
        for (const { name, sharedBytes, threads } of plan.kernels) {
          t.true(sharedBytes <= least, `${name} takes ${sharedBytes} bytes of shared memory`);
          t.true(threads <= 1024 && threads % 32 === 0, `${name} has ${threads} threads`);
        }
        const { workspaceBytes } = bind(plan, { n: 1 << 20, m: 1 << 20, workers: 1 });
        t.true(workspaceBytes <= sm80.defaultWorkspace, `D = ${dim}, ${precision}, ${softmax}: ${workspaceBytes} bytes of workspace`);
      }
    }
  }
});

test('16-bit inputs in whole 16-byte chunks are read in place, all others are packed', (t) => {
  const packs = (dim: number, precision: Precision): number => {
    const given = problem(dim, precision);
    const { tiling } = sm80.resolve(given, tilingOf());
    return tiling === undefined ? -1 : sm80.describe(given, tiling).packs.length;
  };
  t.is(packs(512, 'bf16'), 0);
  t.is(packs(72, 'f16'), 0);
  t.is(packs(100, 'bf16'), 2);
  t.is(packs(512, 'f32'), 2);
});

test('a kernel takes each parameter once', (t) => {
  for (const loss of [clip, siglip, ...featureLosses]) {
    for (const reports of [false, true]) {
      const given = { ...problem(100, 'f32', 'running'), loss, reports };
      const { tiling } = sm80.resolve(given, tilingOf());
      if (tiling === undefined) return t.fail();
      for (const { name, parameters } of Object.values(sm80.describe(given, tiling).kernels)) {
        t.is(new Set(parameters.map((parameter) => parameter.name)).size, parameters.length, name);
      }
    }
  }
  return undefined;
});

test('whatever a loss asks for, defaults fit every GPU and the default workspace', (t) => {
  const least = Math.min(...Object.values(sharedBytesByCapability));
  for (const loss of featureLosses) {
    for (const softmax of ['bounded', 'running'] as const) {
      const given: Problem = { ...problem(512, 'f32', softmax), loss, guideDim: 768, reports: true };
      const { tiling, diagnostics } = sm80.resolve(given, tilingOf());
      t.deepEqual(diagnostics, []);
      if (tiling === undefined) continue;
      const plan = lower(given, sm80, tiling);
      for (const { name, sharedBytes } of plan.kernels) t.true(sharedBytes <= least, `${loss.name}: ${name} takes ${sharedBytes} bytes of shared memory`);
      const { workspaceBytes } = bind(plan, { n: 1 << 20, m: 1 << 20, workers: 1, ...unstacked });
      t.true(workspaceBytes <= sm80.defaultWorkspace, `${loss.name}, ${softmax}: ${workspaceBytes} bytes of workspace`);
    }
  }
});

test('losses whose masks and logits read numbers of rows and columns alone have a code for tiles that nothing tests', (t) => {
  const plain = featureLosses.filter((loss) => {
    const { files } = compileProgram({ loss, dim: 512, precision: 'bf16', softmax: 'bounded', tiling: tilingOf(), target: sm80 });
    return files.some(({ path, text }) => path === 'stats.cu' && text.includes('sumPlain('));
  });
  t.deepEqual(plain.map(({ name }) => name), ['banded', 'stacked', 'shared', 'oneSided', 'hinge']);
});

interface Refusal {
  readonly title: string;
  readonly block?: BlockLevel;
  readonly register?: RegisterLevel;
  readonly tiling?: Omit<Tiling, 'kind' | 'name'>;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const refusals: readonly Refusal[] = [
  { title: 'an unknown instruction', tiling: { instruction: { name: 'wgmma.m64n256k16' } }, message: /no instruction 'wgmma/, hint: /mma\.m16n8k16/ },
  { title: 'rows that are no power of two', block: block({ rows: 96 }), message: /block\.rows is 96/, hint: /64, 128/ },
  { title: 'a depth of one instruction', block: block({ depth: 16 }), message: /block\.depth is 16/, hint: /32, 64, 128/ },
  { title: 'a register tile larger than its block', block: block({ rows: 32 }), register: { rows: 64, cols: 64 }, message: /register\.rows is 64, more than block\.rows, 32/, hint: /at most 32/ },
  { title: 'more sums than registers', block: block({}), register: { rows: 128, cols: 128 }, message: /registers a thread/, hint: /64 x 64/ },
  { title: 'more warps than registers for them', block: block({ rows: 256, cols: 256 }), message: /512 threads/, hint: /at most 8/ },
  { title: 'more stages than shared memory', block: block({ cols: 256, depth: 64, stages: 4 }), message: /bytes of shared memory/, hint: /at most 3 stages/ },
  { title: 'a single stage', block: block({ stages: 1 }), message: /stages is 1/, hint: /2 or more/ },
  { title: 'a chunk that is not whole blocks', tiling: { chunk: { rows: 1000, cols: 1024 } }, message: /chunk\.rows is 1000/, hint: /Take 1024/ },
];

for (const { title, message, hint, ...given } of refusals) {
  test(`${title} is refused`, (t) => {
    const levels = { ...given.tiling, ...(given.block === undefined ? {} : { block: given.block }), ...(given.register === undefined ? {} : { register: given.register }) };
    const { tiling, diagnostics } = sm80.resolve(problem(512), tilingOf(levels));
    t.is(tiling, undefined);
    t.regex(diagnostics.map((diagnostic) => diagnostic.message).join('\n'), message);
    t.regex(diagnostics.map((diagnostic) => diagnostic.hint ?? '').join('\n'), hint);
  });
}
