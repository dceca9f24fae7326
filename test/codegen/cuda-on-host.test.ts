import test from 'ava';
import type { Tiling } from '../../dsl/tiling.js';
import type { Backend } from '../../runtime/device/backend.js';
import { Kernel } from '../../runtime/kernel.js';
import { runRandomLosses } from '../numeric/random.js';
import { CudaOnHost } from '../support/cuda-on-host/backend.js';

/** Small tiles, so that small matrices have tiles of all kinds: inside, at edges, masked, in several chunks; one and two groups of columns a warp. */
const tilings: readonly [Tiling, Tiling, Tiling] = [
  tilingOf({ rows: 32, cols: 64, warpRows: 16, warpCols: 32, chunk: 64 }),
  tilingOf({ rows: 16, cols: 64, warpRows: 16, warpCols: 64, chunk: 64 }),
  tilingOf({ rows: 32, cols: 64, warpRows: 32, warpCols: 64, chunk: 1024 }),
];

/** A GPU's kernels without a GPU: what it computes but for rounding, not how it gets there in time. Products keep 16 bits of G. */
test('random losses on the kernels of sm_80, emulated, are those of fp64', async (t) => {
  t.timeout(300_000);
  const host = await CudaOnHost.open();
  try {
    const { compared, refused, undecided, mistakes } = await runRandomLosses({
      seed: Number(process.env['INFINITILE_SEED'] ?? 1),
      losses: 5,
      draws: 6,
      target: 'sm_80',
      unit: 2 ** -17,
      kernelFor: async (loss, { dim, guideDim }, i) => {
        // A backend is a class of its own; a kernel asks of it what this one has.
        const backend = host.backend() as Backend;
        const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim, precision: 'f32', tiling: tilings[i % tilings.length] ?? tilings[0], backend, threads: 1 });
        await kernel.load();
        return kernel;
      },
    });
    t.log(`${compared} compared, ${refused} refused by both, ${undecided} undecided in fp32`);
    t.deepEqual(mistakes, []);
    t.true(compared >= 15, 'most runs say something');
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
