import test from 'ava';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import type { BlockLevel, Tiling } from '../../dsl/tiling.js';
import type { Backend } from '../../runtime/device/backend.js';
import { clip, indexMap, infoNCE, labelSmoothing, ntXent, siglip, withPositives } from '../../runtime/index.js';
import { Kernel } from '../../runtime/kernel.js';
import { mapOf } from '../numeric/cases.js';
import { checkKernel, type Case } from '../numeric/harness.js';
import { runRandomLosses } from '../numeric/random.js';
import { CudaOnHost } from '../support/cuda-on-host/backend.js';

const seed = Number(process.env['INFINITILE_SEED'] ?? 1);

let host: CudaOnHost;
test.before(async () => {
  host = await CudaOnHost.open();
});
test.after.always(() => host.close());

/** Small tiles and chunks: several chunks, panels and clusters, and panels that more than one cluster has part in. */
function tilingOf(block: Omit<BlockLevel, 'depth'>, rows: number, panels: number): Tiling {
  return { kind: 'tiling', name: 'small', chunk: { rows, cols: panels * block.cols }, block: { ...block, depth: 64 } };
}

const tilings: readonly [Tiling, Tiling, Tiling] = [
  tilingOf({ rows: 64, cols: 32, stages: 5, cluster: 2, panel: 'streamed' }, 128, 3),
  tilingOf({ rows: 64, cols: 64, stages: 4, cluster: 1, panel: 'streamed' }, 64, 2),
  tilingOf({ rows: 128, cols: 32, stages: 4, cluster: 2, panel: 'streamed' }, 1024, 4),
];

test('random losses on the kernels of sm_90a, emulated, are those of fp64', async (t) => {
  t.timeout(300_000);
  const { compared, refused, undecided, mistakes } = await runRandomLosses({
    seed,
    losses: 4,
    draws: 4,
    target: 'sm_90a',
    unit: 2 ** -17,
    kernelFor: async (loss, { dim, guideDim }, i) => {
      const backend = host.backend(sm90a, { seed: seed + i, workers: 4 + (i % 3) }) as Backend;
      const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim, precision: 'f32', tiling: tilings[i % tilings.length] ?? tilings[0], backend, threads: 1 });
      await kernel.load();
      return kernel;
    },
  });
  t.log(`${compared} compared, ${refused} refused by both, ${undecided} undecided in fp32`);
  t.deepEqual(mistakes, []);
  t.true(compared >= 8, 'most runs say something');
});

const scale = (value: number) => ({ logScale: Math.log(value) });

interface Emulated extends Omit<Case, 'tiling' | 'target'> {
  readonly tiling: Tiling;
  readonly workers: number;
}

/** Panels that stay, whole and in part, of fewer and of more k-steps than there are stages; rings that wrap; whole panels and shared ones; tiles of dK that begin in dQ's last round; both ways to share a tile. */
const cases: readonly Emulated[] = [
  { loss: clip, precision: 'bf16', n: 300, m: 300, dim: 64, params: scale(20), workers: 3, tiling: tilingOf({ rows: 64, cols: 32, stages: 4, panel: 'resident' }, 192, 5) },
  { loss: clip, precision: 'bf16', n: 200, m: 200, dim: 200, params: scale(2000), workers: 2, tiling: tilingOf({ rows: 128, cols: 64, stages: 2, panel: 'resident' }, 128, 2) },
  { loss: infoNCE, precision: 'bf16', n: 520, m: 530, dim: 7, params: scale(20), workers: 5, tiling: tilingOf({ rows: 128, cols: 96, stages: 4, cluster: 2, panel: 'streamed' }, 512, 6) },
  { loss: infoNCE, precision: 'f32', n: 1, m: 161, dim: 130, params: scale(20), workers: 4, tiling: tilingOf({ rows: 64, cols: 128, stages: 4, cluster: 2, panel: 'streamed' }, 256, 1) },
  { loss: siglip, precision: 'f16', n: 90, m: 170, dim: 512, params: { ...scale(10), bias: -10 }, workers: 3, tiling: { ...tilingOf({ rows: 64, cols: 64, stages: 3, cluster: 2, panel: 'streamed' }, 128, 1), register: { rows: 64, cols: 32 } } },
  { loss: withPositives(infoNCE, indexMap), precision: 'f16', n: 260, m: 200, dim: 100, params: scale(20), positives: mapOf(260, 200, 4), workers: 2, tiling: { ...tilingOf({ rows: 128, cols: 128, stages: 2, panel: 'streamed' }, 384, 1), register: { rows: 128, cols: 64 } } },
  { loss: clip, precision: 'bf16', n: 300, m: 300, dim: 1600, params: scale(20), workers: 5, tiling: tilingOf({ rows: 128, cols: 128, stages: 4, cluster: 2, panel: 'split' }, 256, 3) },
  { loss: clip, precision: 'f16', n: 200, m: 200, dim: 1100, params: scale(20), workers: 3, tiling: tilingOf({ rows: 64, cols: 160, stages: 5, cluster: 1, panel: 'split' }, 192, 2) },
  { loss: clip, precision: 'bf16', n: 420, m: 420, dim: 450, params: scale(20), workers: 5, tiling: tilingOf({ rows: 128, cols: 64, stages: 6, cluster: 2, panel: 'resident' }, 128, 5) },
  { loss: siglip, precision: 'bf16', n: 150, m: 180, dim: 200, params: { ...scale(10), bias: -10 }, workers: 4, tiling: tilingOf({ rows: 64, cols: 32, stages: 9, cluster: 2, panel: 'resident' }, 128, 3) },
  { loss: clip, precision: 'bf16', n: 300, m: 300, dim: 2100, params: scale(20), workers: 3, tiling: { ...tilingOf({ rows: 64, cols: 64, stages: 3, cluster: 1, panel: 'streamed' }, 128, 5), register: { rows: 64, cols: 32 } } },
  { loss: clip, precision: 'bf16', n: 900, m: 900, dim: 16, params: scale(20), workers: 7, tiling: tilingOf({ rows: 64, cols: 64, stages: 4, panel: 'resident' }, 256, 15) },
  { loss: labelSmoothing(), precision: 'bf16', n: 129, m: 129, dim: 64, params: scale(10), workers: 7, tiling: tilingOf({ rows: 64, cols: 64, stages: 5, panel: 'resident' }, 64, 3) },
  { loss: ntXent, precision: 'bf16', n: 65, m: 65, dim: 17, params: scale(3), workers: 4, tiling: { kind: 'tiling', name: 'default', chunk: { rows: 256, cols: 256 } } },
];

for (const { tiling, workers, ...given } of cases) {
  const { loss, precision = 'f32', n, m, dim } = given;
  test(`${loss.name}${given.positives ? ' by a map' : ''} on sm_90a, emulated: ${precision}, N = ${n}, M = ${m}, D = ${dim}`, async (t) => {
    t.timeout(300_000);
    const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim: dim, precision, tiling, backend: host.backend(sm90a, { seed, workers }) as Backend, threads: 1 });
    await checkKernel(t, kernel, given);
    kernel.close();
  });
}
