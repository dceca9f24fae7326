import test from 'ava';
import {
  additiveMargin,
  clampedClip,
  clip,
  decoupled,
  gist,
  gte,
  hardNegatives,
  hardnessWeighted,
  indexMap,
  infoNCE,
  labelSmoothing,
  maskedFalseNegatives,
  ntXent,
  siglip,
  softcap,
  supCon,
  withPositives,
  zLoss,
  type PairwiseLoss,
} from '../../runtime/index.js';
import { RingKernel } from '../support/ring-kernel.js';
import { mapOf } from './cases.js';
import { runRandomLosses } from './random.js';
import { checkPreset, scaled, type Preset } from './ring-presets.js';
import { rows } from './rows.js';

const dim = 24;
const guideDim = 5;
const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => (i * 5) % 7);

/** Every preset, with as many keys as queries and, where the loss allows it, with more and with fewer. */
const presets: readonly Preset[] = [
  ...[clip, clampedClip(), labelSmoothing(), additiveMargin(), softcap(), ntXent, decoupled, gte].map((loss) => ({ loss, n: 67, m: 67 })),
  ...[infoNCE, zLoss(), hardnessWeighted(), maskedFalseNegatives({ relative: true })].map((loss) => ({ loss, n: 41, m: 90 })),
  { loss: hardNegatives({ negatives: 2 }), n: 30, m: 90 },
  { loss: siglip, n: 83, m: 40, more: { params: { ...scaled, bias: -6 } } },
  { loss: supCon, n: 75, m: 75, more: { rows: { label: labels(75) }, cols: { label: labels(75) } } },
  { loss: gist({ margin: 0.1 }), n: 52, m: 52, more: { guide: { q: rows(52, guideDim, 5), k: rows(52, guideDim, 6) } } },
  { loss: withPositives(clip, indexMap), n: 90, m: 33, more: { positives: Int32Array.from({ length: 90 }, (_, row) => (row * 7) % 33) } },
  { loss: withPositives(infoNCE, indexMap), n: 60, m: 45, more: { positives: mapOf(60, 45, 3) } },
];

for (const { ranks, nodes, inFlight } of [{ ranks: 2 }, { ranks: 3 }, { ranks: 4, nodes: 2, inFlight: 3 }, { ranks: 7 }, { ranks: 8, nodes: 2 }, { ranks: 6, nodes: 3 }].map((ring) => ({ nodes: 1, inFlight: 2, ...ring }))) {
  test.serial(`every preset over ${ranks} ranks on ${nodes} nodes is that of one rank`, async (t) => {
    t.timeout(300_000);
    for (const preset of presets) {
      const kernel = new RingKernel(preset.loss, { dim, guideDim }, { ranks, nodes, inFlight, seed: ranks });
      await checkPreset(t, kernel, preset, { dim, guideDim });
      await kernel.close();
    }
  });
}

/** Whatever a loss can say, over ranks that have whatever rows. INFINITILE_SEED draws others. */
const first = Number(process.env['INFINITILE_SEED'] ?? 1);

for (const [i, ring] of [{ ranks: 2 }, { ranks: 3, inFlight: 4 }, { ranks: 4, nodes: 2 }].entries()) {
  test.serial(`random losses over ${ring.ranks} ranks are those of fp64, seed ${first + 40 + i}`, async (t) => {
    t.timeout(300_000);
    const seed = first + 40 + i;
    const kernelFor = (loss: PairwiseLoss, dims: { readonly dim: number; readonly guideDim: number }, of: number) => Promise.resolve(new RingKernel(loss, dims, { ...ring, seed: seed + of }));
    const { compared, refused, undecided, mistakes } = await runRandomLosses({ seed, losses: 12, draws: 8, target: 'cpu', unit: 2 ** -22, kernelFor });
    t.log(`${compared} compared, ${refused} refused by both, ${undecided} undecided in fp32`);
    t.deepEqual(mistakes, []);
    t.true(compared >= 40, 'most runs say something');
  });
}
