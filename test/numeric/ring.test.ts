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
  Reference,
  siglip,
  softcap,
  supCon,
  withPositives,
  zLoss,
  type PairwiseLoss,
} from '../../runtime/index.js';
import { RingKernel, type WholeInputs } from '../support/ring-kernel.js';
import { mapOf } from './cases.js';
import { toleranceOf } from './harness.js';
import { runRandomLosses } from './random.js';
import { rows } from './rows.js';

const dim = 24;
const guideDim = 5;
const scaled = { logScale: Math.log(20) };
const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => (i * 5) % 7);

interface Preset {
  readonly loss: PairwiseLoss;
  readonly n: number;
  readonly m: number;
  readonly more?: Partial<WholeInputs>;
}

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

function inputsOf({ loss, n, m, more = {} }: Preset): WholeInputs {
  const q = rows(n, dim, 1);
  const usesKeys = [...loss.between.rows, ...loss.between.cols].includes('keys');
  return { q, ...(usesKeys ? { k: rows(m, dim, 2, undefined, n === m ? q : undefined) } : {}), params: scaled, ...more };
}

function referenceOf(loss: PairwiseLoss, { q, k, params = {}, positives, guide, rows: ofRows = {}, cols = {} }: WholeInputs) {
  if (q instanceof Uint16Array || k instanceof Uint16Array) throw new TypeError('the reference is given f32');
  return new Reference({
    ...{ loss, dim, params, q, attributes: { rows: ofRows, cols } },
    ...(k === undefined ? {} : { k }),
    ...(positives === undefined ? {} : { positives }),
    ...(guide === undefined ? {} : { guide: { ...guide, dim: guideDim } }),
  }).all();
}

function distance(values: ArrayLike<number>, exact: ArrayLike<number>): number {
  const norm = (of: (i: number) => number) => Math.sqrt(Array.from({ length: exact.length }, (_, i) => of(i) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((i) => (values[i] ?? NaN) - (exact[i] ?? NaN)) / norm((i) => exact[i] ?? NaN);
}

for (const { ranks, nodes, inFlight } of [{ ranks: 2 }, { ranks: 3 }, { ranks: 4, nodes: 2, inFlight: 3 }, { ranks: 7 }, { ranks: 8, nodes: 2 }, { ranks: 6, nodes: 3 }].map((ring) => ({ nodes: 1, inFlight: 2, ...ring }))) {
  test.serial(`every preset over ${ranks} ranks on ${nodes} nodes is that of one rank`, async (t) => {
    t.timeout(300_000);
    const { loss: ofLoss, gradient } = toleranceOf('f32', 'cpu');
    for (const preset of presets) {
      const { loss } = preset;
      const inputs = inputsOf(preset);
      const exact = referenceOf(loss, inputs);
      const kernel = new RingKernel(loss, { dim, guideDim }, { ranks, nodes, inFlight, seed: ranks });
      const found = await kernel.run(inputs, { lse: true, metrics: loss.positives.kind !== 'where' });
      await kernel.close();
      const within = (what: string, error: number, most: number) => t.true(error <= most, `${loss.name}, ${loss.positives.kind}: ${what} is off by ${error.toExponential(2)}; at most ${most} is allowed`);
      within('loss', Math.abs(found.loss / exact.loss - 1), ofLoss);
      within('dQ', distance(found.gradients?.q ?? [], exact.dQueries), gradient);
      if (exact.dKeys.length > 0) within('dK', distance(found.gradients?.k ?? [], exact.dKeys), gradient);
      for (const name of loss.params) within(`d${name}`, Math.abs((found.gradients?.params[name] ?? NaN) / (exact.params[name] ?? NaN) - 1), gradient);
      if (loss.rows !== undefined) within('row LSE', distance(found.lse?.rows ?? [], exact.rowLse), ofLoss);
      if (loss.cols !== undefined) within('column LSE', distance(found.lse?.cols ?? [], exact.colLse), ofLoss);
      if (exact.rowRanks !== undefined) t.deepEqual([...(found.metrics?.rows?.ranks ?? [])].map((rank) => (rank < 0 ? NaN : rank)), [...exact.rowRanks], `${loss.name}: ranks of rows`);
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
