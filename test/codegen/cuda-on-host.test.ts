import test from 'ava';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { Tiling } from '../../dsl/tiling.js';
import { clip, counterpart, infoNCE, pairwiseLoss, Reference, siglip } from '../../runtime/index.js';
import type { Backend } from '../../runtime/device/backend.js';
import { Kernel } from '../../runtime/kernel.js';
import { checkKernel } from '../numeric/harness.js';
import { runRandomLosses } from '../numeric/random.js';
import { rows } from '../numeric/rows.js';
import { CudaOnHost } from '../support/cuda-on-host/backend.js';

/** Small tiles, so that small matrices have tiles of all kinds: inside, at edges, masked, in several chunks; one and two groups of columns a warp. */
const tilings: readonly [Tiling, Tiling, Tiling] = [
  tilingOf({ rows: 32, cols: 64, warpRows: 16, warpCols: 32, chunk: 64 }),
  tilingOf({ rows: 16, cols: 64, warpRows: 16, warpCols: 64, chunk: 64 }),
  tilingOf({ rows: 32, cols: 64, warpRows: 32, warpCols: 64, chunk: 1024 }),
];

/** The same of Hopper's kernels, in both forms of their main loop. */
const hopperTilings: readonly [Tiling, Tiling, Tiling] = [
  { kind: 'tiling', name: 'inTurns', chunk: { rows: 128, cols: 64 }, block: { rows: 64, cols: 32, depth: 64, stages: 2 } },
  { kind: 'tiling', name: 'together', chunk: { rows: 64, cols: 128 }, block: { rows: 64, cols: 64, depth: 64, stages: 3, cluster: 2 }, register: { rows: 64, cols: 32 } },
  { kind: 'tiling', name: 'wide', block: { rows: 128, cols: 64, depth: 64, stages: 3 } },
];

const emulated = [
  { target: sm80, among: tilings, workers: 1, losses: 5, draws: 6 },
  { target: sm90a, among: hopperTilings, workers: 3, losses: 5, draws: 4 },
] as const;

/** A GPU's kernels without a GPU: what it computes but for rounding, not how it gets there in time. Products keep 16 bits of G. */
for (const { target, among, workers, losses, draws } of emulated) {
  test(`random losses on the kernels of ${target.name}, emulated, are those of fp64`, async (t) => {
    t.timeout(300_000);
    const host = await CudaOnHost.open();
    try {
      const { compared, refused, undecided, mistakes } = await runRandomLosses({
        seed: Number(process.env['INFINITILE_SEED'] ?? 1),
        losses,
        draws,
        target: target.name,
        unit: 2 ** -17,
        kernelFor: async (loss, { dim, guideDim }, i) => {
          // A backend is a class of its own; a kernel asks of it what this one has.
          const backend = host.backend(target, { seed: i, workers }) as Backend;
          const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim, precision: 'f32', tiling: among[i % among.length] ?? among[0], backend, threads: 1 });
          await kernel.load();
          return kernel;
        },
      });
      t.log(`${compared} compared, ${refused} refused by both, ${undecided} undecided in fp32`);
      t.deepEqual(mistakes, []);
      t.true(compared >= (losses * draws) / 2, 'most runs say something');
    } finally {
      await host.close();
    }
  });
}

const scale = (value: number): Record<string, number> => ({ logScale: Math.log(value) });

/** Main loops, precisions and modes of Hopper's kernels: panels that stay and panels that stream, whole tiles and edges, several chunks. */
const hopperCases = [
  { title: 'a resident panel, 16 bits, several panels a block', loss: clip, precision: 'bf16', n: 300, m: 300, dim: 128, params: scale(20), chunk: { rows: 128, cols: 256 }, workers: 3 },
  { title: 'streamed, clusters, 16 bits', loss: clip, precision: 'bf16', n: 300, m: 300, dim: 576, params: scale(20), chunk: { rows: 256, cols: 384 }, workers: 4 },
  { title: 'fp32 inputs by planes', loss: infoNCE, precision: 'f32', n: 150, m: 200, dim: 100, params: scale(20), chunk: { rows: 128, cols: 256 }, workers: 4 },
  { title: 'running maxima', loss: clip, precision: 'bf16', n: 300, m: 300, dim: 64, params: scale(1e4), chunk: { rows: 128, cols: 256 }, workers: 3 },
  { title: 'a pair term, f16', loss: siglip, precision: 'f16', n: 150, m: 180, dim: 128, params: { ...scale(20), bias: -5 }, chunk: { rows: 128, cols: 128 }, workers: 2 },
  { title: 'one row', loss: clip, precision: 'bf16', n: 1, m: 1, dim: 1, params: scale(20), chunk: { rows: 128, cols: 128 }, workers: 2 },
] as const;

for (const { title, loss, precision, n, m, dim, params, chunk, workers } of hopperCases) {
  test(`sm_90a, emulated: ${title}`, async (t) => {
    const host = await CudaOnHost.open();
    try {
      const tiling: Tiling = { kind: 'tiling', name: 'chunked', chunk };
      const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim: dim, precision, tiling, backend: host.backend(sm90a, { seed: 7, workers }) as Backend, threads: 1 });
      await checkKernel(t, kernel, { loss, precision, n, m, dim, params });
      kernel.close();
    } finally {
      await host.close();
    }
  });
}

const oneSided = pairwiseLoss('oneSided', {
  params: ['logScale'],
  between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { normaliser: 'counterparts', counts: ({ row }) => row.view === 0 },
});

test('of counterparts that share a normaliser one may have all that counts', async (t) => {
  const host = await CudaOnHost.open();
  try {
    const [n, dim] = [21, 8];
    const kernel = new Kernel({ loss: oneSided, dim, inputDim: dim, guideDim: dim, precision: 'f32', tiling: tilings[0], backend: host.backend(sm80) as Backend, threads: 1 });
    for (const [logScale, softmax] of [[1, 'bounded'], [6, 'running']] as const) {
      const inputs = { q: rows(n, dim, 1), k: rows(n, dim, 2), params: { logScale } };
      const result = await kernel.run(inputs);
      const exact = new Reference({ ...inputs, loss: oneSided, dim }).all();
      t.is(result.softmax, softmax);
      t.true(Math.abs(result.loss - exact.loss) <= 1e-5 * Math.abs(exact.loss), `${result.loss}, not ${exact.loss}`);
      t.true(Math.abs((result.gradients?.params['logScale'] ?? NaN) - (exact.params['logScale'] ?? NaN)) <= 3e-5 * Math.abs(exact.params['logScale'] ?? NaN));
    }
    kernel.close();
  } finally {
    await host.close();
  }
});

interface Sizes {
  readonly rows: number;
  readonly cols: number;
  readonly warpRows: number;
  readonly warpCols: number;
  readonly chunk: number;
}

function tilingOf({ rows, cols, warpRows, warpCols, chunk }: Sizes): Tiling {
  return {
    kind: 'tiling',
    name: 'small',
    chunk: { rows: chunk, cols: chunk },
    block: { rows, cols, depth: 32, stages: 2, group: 2 },
    register: { rows: warpRows, cols: warpCols },
  };
}
