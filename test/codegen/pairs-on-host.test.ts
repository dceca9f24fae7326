import test from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { Tiling } from '../../dsl/tiling.js';
import type { Backend } from '../../runtime/device/backend.js';
import { automatic, siglip } from '../../runtime/index.js';
import { Kernel } from '../../runtime/kernel.js';
import { checkKernel, type Case } from '../numeric/harness.js';
import { CudaOnHost } from '../support/cuda-on-host/backend.js';
import { margins, negatives, pairLosses, softplusBeside, twoSoftpluses } from './pair-losses.js';

const seed = Number(process.env['INFINITILE_SEED'] ?? 1);

let host: CudaOnHost;
test.before(async () => {
  host = await CudaOnHost.open();
});
test.after.always(() => host.close());

/** Tiles of which many have no positive and no edge. Of a tile a thread has 32, 96 or 128 pairs; softpluses take products of 64. */
const tiling: Tiling = { kind: 'tiling', name: 'small', chunk: { rows: 192, cols: 192 }, block: { rows: 64, cols: 64, depth: 64, stages: 5, panel: 'streamed' } };
const broad: Tiling = { ...tiling, name: 'broad', block: { rows: 128, cols: 96, depth: 64, stages: 4 }, chunk: { rows: 256, cols: 192 } };
const square: Tiling = { ...broad, name: 'square', block: { rows: 128, cols: 128, depth: 64, stages: 4 }, chunk: { rows: 384, cols: 256 } };

const scaled = (scale: number, bias: number) => ({ logScale: Math.log(scale), bias });
const shape = { n: 260, m: 330, dim: 48 };

/** Logits at the start of training; far below, and far above; on both sides of 0, where the sums of both forms meet. */
const cases: readonly (Omit<Case, 'target'> & { readonly tiling: Tiling })[] = [
  { loss: siglip, precision: 'bf16', ...shape, params: scaled(10, -10), tiling },
  { loss: siglip, precision: 'f16', ...shape, params: scaled(50, -3), tiling: broad },
  { loss: siglip, precision: 'f32', ...shape, params: scaled(10, -50), tiling },
  { loss: siglip, precision: 'f32', n: 3, m: 5, dim: 48, params: scaled(10, -10), tiling },
  ...[-50, -10, -2, 50].flatMap((bias) => [
    { loss: negatives, precision: 'f32', ...shape, params: scaled(10, bias), tiling } as const,
    { loss: negatives, precision: 'bf16', ...shape, params: scaled(10, bias), tiling: broad } as const,
  ]),
  { loss: negatives, precision: 'f16', ...shape, params: scaled(10, -10), tiling: broad },
  { loss: negatives, precision: 'f32', ...shape, params: scaled(1e-9, 0), tiling: square },
  { loss: twoSoftpluses, precision: 'f32', ...shape, params: { ...scaled(20, -1), balance: 1.5 }, tiling },
  { loss: softplusBeside, precision: 'f32', ...shape, m: shape.n, params: scaled(20, -5), tiling },
  { loss: softplusBeside, precision: 'f16', ...shape, m: shape.n, params: scaled(20, -5), tiling: broad },
  { loss: softplusBeside, precision: 'bf16', ...shape, m: shape.n, params: scaled(2000, -5), tiling },
  { loss: margins, precision: 'f32', ...shape, params: { logScale: Math.log(5), margin: 0.1 }, tiling },
];

for (const { tiling: own, ...given } of cases) {
  const { loss, precision = 'f32', n, m, dim, params } = given;
  test(`${loss.name} in plain tiles of sm_90a, emulated: ${precision}, N = ${n}, M = ${m}, ${JSON.stringify(params)}, ${own.name}`, async (t) => {
    t.timeout(300_000);
    const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim: dim, precision, tiling: own, backend: host.backend(sm90a, { seed, workers: 3 }) as Backend, threads: 1 });
    await checkKernel(t, kernel, given);
    kernel.close();
  });
}

for (const loss of [siglip, ...pairLosses]) {
  test(`plain tiles of ${loss.name} have a code of their own`, (t) => {
    const { files } = compileProgram({ loss, dim: 768, precision: 'bf16', softmax: 'bounded', tiling: automatic, target: sm90a });
    const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '';
    t.regex(textOf('gradient.cu'), /if \(plain\) \{\n\s+differentiatePlain\(/);
    t.regex(textOf('stats.cu'), /if \(plain\) \{\n\s+sumPlain\(/);
    const softpluses = loss === margins ? 0 : loss === twoSoftpluses ? 2 : 1;
    for (const path of ['gradient.cu', 'stats.cu']) t.is([...textOf(path).matchAll(/^ {2}SoftplusSums softplus\d;$/gm)].length, softpluses, path);
  });
}
