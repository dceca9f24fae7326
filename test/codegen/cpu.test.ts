import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { emitEpilogue } from '../../codegen/emit/epilogue.js';
import { unshared } from '../../codegen/plan/bind.js';
import { needsOf } from '../../codegen/plan/needs.js';
import { cpuTargetFor, cpuTargets } from '../../codegen/targets/cpu/index.js';
import { memberName } from '../../codegen/targets/cpu/parameters.js';
import type { Problem, Target } from '../../codegen/targets/target.js';
import { evaluateExtent } from '../../codegen/plan/extent.js';
import { clip, siglip } from '../../dsl/losses.js';
import type { Precision } from '../../dsl/problem.js';
import type { Tiling } from '../../dsl/tiling.js';
import { featureLosses } from './feature-losses.js';

test('a CPU gets the most capable target that its features allow', (t) => {
  const avx2 = ['avx2', 'fma', 'bmi2'];
  const avx512 = [...avx2, 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'];
  t.is(cpuTargetFor([...avx512, 'avx512_bf16'])?.name, 'x86-64-v4-bf16');
  t.is(cpuTargetFor(avx512)?.name, 'x86-64-v4');
  t.is(cpuTargetFor(avx2)?.name, 'x86-64-v3');
  t.is(cpuTargetFor(['fp', 'asimd'])?.name, 'armv8');
  t.is(cpuTargetFor(['sse2']), undefined);
});

test('defaults are legal for every target, depth and precision', (t) => {
  for (const target of cpuTargets)
    for (const dim of [1, 7, 64, 512, 769, 1152, 4096, 65536])
      for (const precision of target.precisions) {
        const { tiling, diagnostics } = target.resolve(problem({ dim, precision }), open);
        t.deepEqual(diagnostics, [], `${target.name}, D = ${dim}, ${precision}`);
        t.true(tiling !== undefined && tiling.chunk.rows >= tiling.block.rows && tiling.chunk.cols >= tiling.block.cols);
      }
});

test('bf16 inputs take the bf16 instruction where there is one', (t) => {
  const instructions = cpuTargets.map((target) => target.resolve(problem({ precision: 'bf16' }), open).tiling?.instruction.name);
  t.deepEqual(instructions, ['avx512.bf16', 'avx512.fma', 'avx2.fma', 'neon.fma']);
});

const block = { rows: 192, cols: 1024, depth: 256 };

const refusals: readonly { readonly what: string; readonly tiling: Partial<Tiling>; readonly says: string; readonly hint: string }[] = [
  {
    what: 'a register tile that is no whole vectors',
    tiling: { register: { rows: 12, cols: 24 } },
    says: 'register.cols is 24, but a vector of x86-64-v4-bf16 has 16 lanes',
    hint: 'Take a multiple of 16, such as 32.',
  },
  {
    what: 'more accumulators than registers',
    tiling: { register: { rows: 16, cols: 32 } },
    says: 'a 16 x 32 register tile takes 35 vector registers (32 accumulators, 2 for a row of B, 1 for A); x86-64-v4-bf16 has 32',
    hint: 'With 32 columns, at most 14 rows fit.',
  },
  {
    what: 'a block that cuts register tiles',
    tiling: { block: { ...block, rows: 200 } },
    says: 'block.rows is 200, not a multiple of register.rows, 12',
    hint: 'Take 204.',
  },
  {
    what: 'a chunk smaller than its block',
    tiling: { chunk: { rows: 96, cols: 4096 }, block },
    says: 'chunk.rows is 96, less than block.rows, 192',
    hint: 'Take at least 192.',
  },
  {
    what: 'a depth that no cache holds',
    tiling: { block: { ...block, depth: 65536 } },
    says: 'block.depth is 65536: a panel of 32 columns takes 8388608 bytes, more than half of the 1048576 bytes of L2 that x86-64-v4-bf16 counts on',
    hint: 'Take at most 4096.',
  },
  {
    what: "a knob of GPUs'",
    tiling: { block: { ...block, stages: 3 } },
    says: 'block.stages is 3, a knob of GPUs: x86-64-v4-bf16 has no shared memory to stage tiles in',
    hint: "Leave 'stages' out.",
  },
  {
    what: "another target's instruction",
    tiling: { instruction: { name: 'mma.m16n8k16' } },
    says: "x86-64-v4-bf16 has no instruction 'mma.m16n8k16'",
    hint: "For f32 inputs x86-64-v4-bf16 has 'avx512.fma'.",
  },
  {
    what: 'an instruction for other inputs',
    tiling: { instruction: { name: 'avx512.bf16' } },
    says: "'avx512.bf16' does not multiply f32 inputs",
    hint: "For f32 inputs x86-64-v4-bf16 has 'avx512.fma'.",
  },
];

for (const { what, tiling, says, hint } of refusals) {
  test(`refuses ${what}`, (t) => {
    const { diagnostics, tiling: resolved } = first().resolve(problem({}), { ...open, ...tiling });
    t.is(resolved, undefined);
    t.deepEqual(diagnostics.map((diagnostic) => [diagnostic.message, diagnostic.hint]), [[says, hint]]);
  });
}

test('what a refusal proposes is legal', (t) => {
  const target = first();
  for (const tiling of [
    { register: { rows: 12, cols: 32 } },
    { register: { rows: 14, cols: 32 } },
    { block: { ...block, rows: 204 } },
    { chunk: { rows: 192, cols: 4096 }, block },
    { block: { ...block, depth: 4096 } },
  ] as const)
    t.deepEqual(target.resolve(problem({}), { ...open, ...tiling }).diagnostics, []);
});

test('each kernel unpacks its arguments in the order of its parameters', (t) => {
  for (const target of cpuTargets)
    for (const loss of [clip, siglip, ...featureLosses]) {
      const given: Problem = { ...problem({}), loss, reports: true };
      const { kernels, packs } = target.describe(given, resolved(target, given));
      const emitted = target.emit(given, resolved(target, given), emitEpilogue(loss, needsOf(loss, true), target.dialects));
      const files = new Map(emitted.map(({ path, text }) => [path, text]));
      for (const kernel of [...Object.values(kernels), ...packs.map((pack) => pack.kernel)]) {
        const text = files.get(kernel.file) ?? '';
        t.true(text.includes(`extern "C" void ${kernel.name}(void* const* args) {`), `${kernel.name} is in ${kernel.file}`);
        const struct = text.slice(text.indexOf(`// Arguments of \`${kernel.name}\``)).split('};')[0] ?? '';
        const unpacked = [...struct.matchAll(/ (\w+) = next\.take/g)].map(([, name]) => name);
        t.deepEqual(unpacked, kernel.parameters.map(({ name }) => memberName(name)), `${loss.name}: ${kernel.name}`);
      }
    }
});

test("an attribute keeps its user's name beside the parameters' own", (t) => {
  t.is(memberName('rowPitch'), 'row_pitch');
  t.is(memberName('rowAttr_imageId'), 'row_attr_imageId');
  t.is(memberName('rowAttr_image_id'), 'row_attr_image_id');
});

test('files that do not depend on the loss are the same for every loss', (t) => {
  const target = first();
  const shared = /^(accumulate|pack|guide)\.cpp$/;
  const texts = new Map<string, string>();
  for (const loss of [clip, ...featureLosses])
    for (const { path, text } of compileProgram({ loss, dim: 100, precision: 'f32', tiling: open, target, softmax: 'bounded' }).files) {
      if (!shared.test(path)) continue;
      t.is(text, texts.get(path) ?? text, `${loss.name}: ${path}`);
      texts.set(path, text);
    }
  t.deepEqual([...texts.keys()].sort(), ['accumulate.cpp', 'guide.cpp', 'pack.cpp']);
});

test('buffers hold what the kernels index, whatever the chunk', (t) => {
  for (const target of cpuTargets)
    for (const dim of [1, 7, 769]) {
      const given = problem({ dim });
      const { block: tile, register } = resolved(target, given);
      const { workspace, gradient } = target.describe(given, resolved(target, given));
      for (const [rows, cols] of [[1, 1], [13, 1000], [4096, 4096]] as const) {
        const shape = { ...unshared, n: rows, m: cols, chunkRows: rows, chunkCols: cols, row0: 0, col0: 0, rows, cols, workers: 2 };
        const count = (name: string) => evaluateExtent(workspace.find((buffer) => buffer.name === name)?.count ?? 0, shape);
        const whole = (size: number, unit: number) => Math.ceil(size / unit) * unit;
        t.is(count('queryPanels'), whole(rows, register.rows) * dim);
        t.is(count('keyPanels'), whole(cols, register.cols) * dim);
        t.is(count('queryRows'), whole(rows, tile.depth) * whole(dim, register.cols));
        t.is(count('keyRows'), whole(cols, tile.depth) * whole(dim, register.cols));
        // A register tile that sticks out of the chunk is written and read in full.
        t.true(evaluateExtent(gradient.pitch, shape) >= whole(rows, register.rows));
        t.true(evaluateExtent(gradient.count, shape) >= evaluateExtent(gradient.pitch, shape) * whole(cols, register.cols));
      }
    }
});

const open: Tiling = { kind: 'tiling', name: 'open' };

function problem({ dim = 512, precision = 'f32' }: { dim?: number; precision?: Precision }): Problem {
  return { loss: clip, dim, precision, softmax: 'bounded' };
}

function first(): Target {
  const [target] = cpuTargets;
  if (target === undefined) throw new Error('there is no CPU target');
  return target;
}

function resolved(target: Target, given: Problem) {
  const { tiling, diagnostics } = target.resolve(given, open);
  if (tiling === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return tiling;
}
