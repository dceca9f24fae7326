import test from 'ava';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import type { Tiling } from '../../dsl/tiling.js';
import { counterpart, pairwiseLoss, Reference } from '../../runtime/index.js';
import type { Backend } from '../../runtime/device/backend.js';
import { Kernel } from '../../runtime/kernel.js';
import { runRandomLosses } from '../numeric/random.js';
import { rows } from '../numeric/rows.js';
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
        const backend = host.backend(sm80) as Backend;
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
