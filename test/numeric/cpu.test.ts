import test from 'ava';
import { clip } from '../../runtime/index.js';
import { depths, extremeCases, formCases, largeCases, presetCases } from './cases.js';
import { checkCase, closeKernels, type Case } from './harness.js';

test.afterEach.always(closeKernels);

for (const precision of ['f32', 'bf16'] as const) {
  for (const dim of depths) {
    test.serial(`presets, ${precision}, D = ${dim}`, async (t) => {
      for (const given of presetCases(precision, dim)) await checkCase(t, given);
    });
  }
  test.serial(`every term and form of positives, ${precision}`, async (t) => {
    for (const given of formCases(precision)) await checkCase(t, given);
  });
}

test.serial('presets, f16, D = 100', async (t) => {
  for (const given of presetCases('f16', 100)) await checkCase(t, given);
});

test.serial('many chunks: a small workspace walks the matrix piece by piece', async (t) => {
  for (const given of largeCases('f32')) await checkCase(t, { ...given, workspace: 8 * 2 ** 20 });
});

test.serial('one chunk at N = 4,096', async (t) => {
  const [largest] = largeCases('f32');
  if (largest !== undefined) await checkCase(t, largest);
});

test.serial('logits that no fixed offset holds take running maxima', async (t) => {
  for (const given of extremeCases('f32')) t.is(await checkCase(t, given), 'running');
});

test.serial('all rows equal', async (t) => {
  const equal: Case = { loss: clip, n: 65, m: 65, dim: 64, params: { logScale: Math.log(100) }, equalRows: true };
  await checkCase(t, equal);
});
