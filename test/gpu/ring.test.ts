import test from 'ava';
import { clip, gte, indexMap, infoNCE, maskedFalseNegatives, ntXent, siglip, supCon, withPositives, type Precision } from '../../runtime/index.js';
import { checkPreset, inputsOf, scaled, type Preset } from '../numeric/ring-presets.js';
import { RingKernel } from '../support/ring-kernel.js';
import { RingSessions } from '../support/ring-sessions.js';

/** Ranks of this process that have one GPU together: messages are copies, everything else is as between GPUs. */

const target = 'cuda';
const label = Int32Array.from({ length: 150 }, (_, i) => (i * 5) % 11);

const presets: readonly Preset[] = [
  ...[clip, ntXent, gte].map((loss) => ({ loss, n: 201, m: 201 })),
  { loss: infoNCE, n: 130, m: 300 },
  { loss: maskedFalseNegatives({ relative: true }), n: 130, m: 300 },
  { loss: siglip, n: 300, m: 150, more: { params: { ...scaled, bias: -6 } } },
  { loss: supCon, n: 150, m: 150, more: { rows: { label }, cols: { label } } },
  { loss: withPositives(clip, indexMap), n: 290, m: 150, more: { positives: Int32Array.from({ length: 290 }, (_, row) => (row * 7) % 150) } },
];

const rings = [{ ranks: 2 }, { ranks: 4, nodes: 2 }, { ranks: 8, inFlight: 3 }];

for (const precision of ['bf16', 'f32'] as const satisfies readonly Precision[]) {
  for (const dim of [64, 100]) {
    for (const ring of rings) {
      test.serial(`${ring.ranks} ranks give what fp64 does, ${precision}, D = ${dim}`, async (t) => {
        t.timeout(600_000);
        for (const preset of presets) {
          const kernel = new RingKernel(preset.loss, { dim, precision, target }, { ...ring, seed: ring.ranks });
          await checkPreset(t, kernel, preset, { dim, precision });
          await kernel.close();
        }
      });
    }
  }

  test.serial(`a step gives the same bits again, and in another group, ${precision}`, async (t) => {
    t.timeout(600_000);
    const depths = { dim: 64, precision };
    for (const preset of presets) {
      const step = { params: preset.more?.params ?? scaled, gradients: true };
      const groups: unknown[] = [];
      for (let group = 0; group < 2; group += 1) {
        const kernel = new RingKernel(preset.loss, { ...depths, target }, { ranks: 4, seed: 4 });
        const sessions = await RingSessions.open(kernel, inputsOf(preset, depths));
        const first = await sessions.outcome(step);
        // The later ones run from lists that are kept ready.
        for (let again = 0; again < 3; again += 1) t.deepEqual(await sessions.outcome(step), first, preset.loss.name);
        groups.push(first);
        sessions.close();
        await kernel.close();
      }
      t.deepEqual(groups[1], groups[0], preset.loss.name);
    }
  });
}

test.serial('logits that no fixed offset holds take running maxima on all ranks', async (t) => {
  const kernel = new RingKernel(clip, { dim: 64, target }, { ranks: 4 });
  const { softmax } = await checkPreset(t, kernel, { loss: clip, n: 67, m: 67, more: { params: { logScale: Math.log(250) } } }, { dim: 64 });
  t.is(softmax, 'running');
  await kernel.close();
});
