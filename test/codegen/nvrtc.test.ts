import { availableParallelism } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { generatedFiles } from '../../codegen/generate.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { SourceText, Target } from '../../codegen/targets/target.js';
import { ampere } from '../../examples/strategies/ampere.js';
import { automatic, clip, gist, InfinitileError, infoNCE, siglip, supCon } from '../../runtime/index.js';
import { loadAddon } from '../../runtime/addon.js';
import { NvrtcCompiler } from '../../runtime/artifact/index.js';
import { skip } from '../support/skips.js';
import { Compilation } from './compilation.js';
import { featureCases } from './feature-losses.js';
import { curvedCase, every, programCases, titleOf, type ProgramCase } from './losses.js';
import { margins, negatives, softplusBeside, twoSoftpluses } from './pair-losses.js';

const architectures = ['sm_80', 'sm_90'] as const;
const hopper = 'sm_90a';

/** Cases come in pairs that differ in depth, and then in how the softmax is kept in range: each value meets both architectures. */
function turn(i: number): { readonly architecture: string } {
  return { architecture: architectures[(i + (i >> 1)) % 2] ?? 'sm_80' };
}

/**
 * Presets in every form, on one architecture or the other by turns; what is in generated/ is compiled for both. Losses of users
 * share the templates: they are compiled in half of the forms.
 */
const cases: readonly (ProgramCase & { readonly architecture: string })[] = [
  ...programCases.filter(({ loss }) => loss !== every).map((given, i) => ({ ...given, ...turn(i) })),
  ...programCases.filter(({ loss, dim, softmax }) => loss === every && (dim === 512) === (softmax === 'bounded')).map((given, i) => ({ ...given, ...turn(i) })),
  { ...curvedCase, ...turn(0) },
  ...featureCases.map((given, i) => ({ ...given, ...turn(i) })),
];

/**
 * Hopper's target, for its one architecture: presets where panels stay and where they stream, planes, and both forms of the softmax;
 * what is left of it `generated/` has. Losses of users in one mode each, with reports and without, by turns.
 */
const hopperCases: readonly ProgramCase[] = [
  { loss: clip, precision: 'bf16', softmax: 'bounded', dim: 768 },
  { loss: clip, precision: 'bf16', softmax: 'running', dim: 1024 },
  { loss: clip, precision: 'f16', softmax: 'bounded', dim: 100 },
  { loss: clip, precision: 'f32', softmax: 'running', dim: 64 },
  { loss: infoNCE, precision: 'f16', softmax: 'running', dim: 768 },
  { loss: infoNCE, precision: 'bf16', softmax: 'bounded', dim: 1024 },
  { loss: infoNCE, precision: 'f32', softmax: 'bounded', dim: 100 },
  { loss: siglip, precision: 'bf16', softmax: 'bounded', dim: 768 },
  { loss: siglip, precision: 'f32', softmax: 'bounded', dim: 512 },
  { loss: supCon, precision: 'bf16', softmax: 'running', dim: 1024 },
  { loss: gist(), precision: 'f32', softmax: 'bounded', dim: 512 },
  { loss: every, precision: 'f16', softmax: 'bounded', dim: 512 },
  { ...curvedCase, softmax: 'bounded', dim: 1024 },
  { loss: every, precision: 'f32', softmax: 'running', dim: 100 },
  ...featureCases.filter((_, i) => [0, 3, 5, 6].includes(i % 8)),
  { loss: negatives, precision: 'f16', softmax: 'bounded', dim: 1024 },
  { loss: twoSoftpluses, precision: 'bf16', softmax: 'bounded', dim: 512 },
  { loss: twoSoftpluses, precision: 'f32', softmax: 'bounded', dim: 768 },
  { loss: softplusBeside, precision: 'bf16', softmax: 'bounded', dim: 768 },
  { loss: softplusBeside, precision: 'f16', softmax: 'running', dim: 768 },
  { loss: margins, precision: 'f16', softmax: 'bounded', dim: 100 },
];

const mostRegisters = 255;

/** Of a block of three warp groups: the register file in equal parts, before the groups share it out anew. */
const registersOfThreeRoles = 168;
const compilation = new Compilation(Math.min(3, availableParallelism()));
const compilers = await openCompilers();

if (compilers === undefined) test('NVRTC is not here: said above', (t) => t.pass());
else {
  for (const given of cases) {
    test(`${titleOf(given)} compiles for ${given.architecture}`, async (t) => {
      const { files } = compileProgram({ ...given, tiling: automatic, target: sm80 });
      await compileAll(t, files, compilerFor(given.architecture));
    });
  }
  for (const given of hopperCases) {
    test(`${titleOf(given)} compiles for ${hopper}`, async (t) => {
      const { files } = compileProgram({ ...given, tiling: automatic, target: sm90a });
      await compileAll(t, files, compilerFor(hopper), sm90a);
    });
  }
  test("the example 'ampere' compiles for sm_80", async (t) => {
    const { files } = compileProgram({ loss: clip, precision: 'bf16', softmax: 'bounded', dim: 512, tiling: ampere, target: sm80 });
    await compileAll(t, files, compilerFor('sm_80'));
  });
  for (const [target, architecture] of [...architectures.map((each) => [sm80, each] as const), [sm90a, hopper] as const]) {
    test(`generated/${target.name} compiles for ${architecture}`, async (t) => {
      const files = [...generatedFiles()].flatMap(([path, text]) => (path.startsWith(`${target.name}/`) && path.endsWith('.cu') ? [{ path, text }] : []));
      t.true(files.length > 0);
      await compileAll(t, files, compilerFor(architecture), target);
    });
  }
}

/** Every kernel of every file: no warning (the compiler refuses it), no spills nor sums kept in memory, no more registers than there are. */
async function compileAll(t: ExecutionContext, files: readonly SourceText[], compiler: NvrtcCompiler, target: Target = sm80): Promise<void> {
  for (const outcome of await Promise.allSettled(files.map(async (file) => ({ file, artifact: await compilation.compile(file, compiler, target.name) })))) {
    if (outcome.status === 'rejected') {
      t.fail(outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason));
      continue;
    }
    const { file, artifact } = outcome.value;
    const { kernels } = artifact.manifest;
    t.deepEqual(kernels.map(({ kernel }) => kernel).sort(), entryPointsOf(file), `${file.path}: NVRTC reports on every kernel`);
    for (const { kernel, registers, stack, spillStores, spillLoads } of kernels) {
      t.is(stack, 0, `${file.path}: ${kernel} keeps ${stack} bytes on a stack`);
      t.is(spillStores + spillLoads, 0, `${file.path}: ${kernel} spills, ${spillStores} bytes of stores and ${spillLoads} of loads`);
      if (file.text.includes('takeRegisters<')) t.is(registers, registersOfThreeRoles, `${file.path}: ${kernel} takes ${registers} registers`);
      else t.true(registers <= mostRegisters, `${file.path}: ${kernel} takes ${registers} registers`);
    }
  }
}

function entryPointsOf({ text }: SourceText): readonly string[] {
  const heads = text.matchAll(/__global__\s+void\s+(?:__(?:cluster_dims|launch_bounds)__\([^)]*\)\s+)*(\w+)\s*\(/g);
  return [...heads].map(([, name = '']) => name).sort();
}

function compilerFor(architecture: string): NvrtcCompiler {
  const found = compilers?.get(architecture);
  if (found === undefined) throw new Error(`no compiler was opened for ${architecture}`);
  return found;
}

async function openCompilers(): Promise<ReadonlyMap<string, NvrtcCompiler> | undefined> {
  try {
    const targets = [...architectures.map((architecture) => ({ architecture, target: sm80 })), { architecture: hopper, target: sm90a }];
    const made = targets.map(async ({ architecture, target: { compilerOptions } }) => [architecture, await NvrtcCompiler.open(loadAddon(), { architecture, compilerOptions })] as const);
    return new Map(await Promise.all(made));
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    skip(cases.length + hopperCases.length + 3 + architectures.length, 'compilations of CUDA kernels', error.message);
    return undefined;
  }
}
