import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { cpuTargetFor } from '../../codegen/targets/cpu/index.js';
import { targetNamed } from '../../codegen/targets/index.js';
import { groups, neighbours } from '../../examples/losses/masks.js';
import { softcap } from '../../examples/losses/softcap.js';
import { retrieval } from '../../examples/losses/retrieval.js';
import { ampere } from '../../examples/strategies/ampere.js';
import { avx512 } from '../../examples/strategies/avx512.js';
import { wordnet } from '../../examples/strategies/wordnet.js';
import { train } from '../../examples/train.js';
import { clip, compile, infoNCE, InfinitileError, siglip, type Precision, type Tiling } from '../../runtime/index.js';
import { cpuFeatures } from '../../runtime/device/cpu.js';
import { openCuda } from '../../runtime/device/cuda.js';
import { depths, mapOf } from '../numeric/cases.js';
import { checkCase, closeKernels } from '../numeric/harness.js';

test.afterEach.always(closeKernels);

const written = ({ chunk, block, register, instruction }: Tiling) => ({ chunk, block, register, instruction });

for (const [name, tiling, precisions] of [
  ['x86-64-v4', avx512, ['f32', 'bf16', 'f16']],
  ['x86-64-v4-bf16', avx512, ['f32', 'bf16', 'f16']],
  ['sm_80', ampere, ['bf16', 'f16', 'f32']],
] as const satisfies readonly (readonly [string, Tiling, readonly Precision[]])[]) {
  test(`${name} takes '${tiling.name}' as it is written`, (t) => {
    const target = targetNamed(name);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    for (const loss of [clip, infoNCE, siglip, softcap, retrieval]) {
      for (const precision of precisions) {
        for (const dim of depths) {
          const { plan, files } = compileProgram({ loss, dim, precision, tiling, target, softmax: 'bounded' });
          t.like(plan.tiling, { ...written(tiling), block: { ...tiling.block } });
          t.true(files.length > 0);
        }
      }
    }
  });
}

const cpu = cpuTargetFor(cpuFeatures())?.name ?? 'none';
if (cpu.startsWith('x86-64-v4')) {
  test.serial("'avx512' computes what it should, over several chunks and blocks", async (t) => {
    await checkCase(t, { loss: clip, n: 4300, m: 4300, dim: 24, params: { logScale: Math.log(50) }, tiling: avx512 });
  });
} else {
  // No installation gives a CPU another instruction set.
  console.log(`1 run of 'avx512' left out: the CPU target of this machine is ${cpu}`);
}

if (hasGpu()) {
  test.serial("'ampere' computes what it should, over several chunks and blocks", async (t) => {
    await checkCase(t, { loss: clip, n: 4300, m: 4300, dim: 24, params: { logScale: Math.log(50) }, precision: 'bf16', tiling: ampere, target: 'cuda' });
  });
} else {
  // Its kernels are compiled all the same, by test/codegen/nvrtc.test.ts.
  console.log("1 run of 'ampere' left out: this machine has no GPU");
}

test.serial("'wordnet' runs on any machine", async (t) => {
  await checkCase(t, { loss: clip, n: 2100, m: 2100, dim: 24, params: { logScale: Math.log(50) }, tiling: wordnet });
});

test.serial("'softcap' computes what it says", async (t) => {
  await checkCase(t, { loss: softcap, n: 200, m: 200, dim: 16, params: { logScale: Math.log(200) } });
});

test.serial("'neighbours' and 'groups' leave out what they say", async (t) => {
  for (const loss of [neighbours, groups]) await checkCase(t, { loss, n: 300, m: 300, dim: 16, params: { logScale: 2 } });
});

test.serial("'retrieval' takes a map from N questions to M documents", async (t) => {
  await checkCase(t, { loss: retrieval, n: 230, m: 90, dim: 16, params: { logScale: 3, bias: -8 }, positives: mapOf(230, 90, 5, true) });
});

test.serial('the cap of softcap holds at any scale', async (t) => {
  const kernel = await compile(softcap, { dim: 2 });
  const q = Float32Array.of(1, 0, 0, 1);
  const { lse, gradients } = await kernel.run({ q, k: q, params: { logScale: 20 } }, { lse: true });
  kernel.close();
  t.true((lse?.rows?.[0] ?? NaN) <= 50 + Math.log(2));
  t.true(Math.abs(gradients?.params['logScale'] ?? NaN) < 1e-6);
});

test.serial('training lowers the loss, step after step', async (t) => {
  const losses = await train();
  t.is(losses.length, 30);
  t.true((losses.at(-1) ?? NaN) < 0.5 * (losses[0] ?? NaN), losses.map((loss) => loss.toFixed(3)).join(' '));
});

function hasGpu(): boolean {
  try {
    return openCuda().devices.length > 0;
  } catch (error) {
    if (error instanceof InfinitileError) return false;
    throw error;
  }
}
