import test from 'ava';
import { clip } from '../../runtime/index.js';
import { depths, extremeCases, formCases, largeCases, presetCases } from '../numeric/cases.js';
import { checkCase, closeKernels } from '../numeric/harness.js';

const target = 'cuda';
test.afterEach.always(closeKernels);

for (const precision of ['bf16', 'f32', 'f16'] as const) {
  for (const dim of depths) {
    test.serial(`presets, ${precision}, D = ${dim}`, async (t) => {
      for (const given of presetCases(precision, dim)) await checkCase(t, { ...given, target });
    });
  }
  test.serial(`every term and form of positives, ${precision}`, async (t) => {
    for (const given of formCases(precision)) await checkCase(t, { ...given, target });
  });
  test.serial(`many chunks, ${precision}`, async (t) => {
    for (const given of largeCases(precision)) await checkCase(t, { ...given, target, workspace: 16 * 2 ** 20 });
  });
}

test.serial('one chunk at N = 4,096', async (t) => {
  const [largest] = largeCases('bf16');
  if (largest !== undefined) await checkCase(t, { ...largest, target });
});

test.serial('logits that no fixed offset holds take running maxima', async (t) => {
  for (const given of extremeCases('f32')) t.is(await checkCase(t, { ...given, target }), 'running');
});

test.serial('all rows equal', async (t) => {
  await checkCase(t, { loss: clip, n: 65, m: 65, dim: 64, params: { logScale: Math.log(100) }, equalRows: true, target });
});

/** A GPU is served by the target made for it; Ampere's kernels run on any later one too, and stay covered by a part of the cases. */
for (const precision of ['bf16', 'f32', 'f16'] as const) {
  test.serial(`sm_80: presets at two depths, every term and form of positives, many chunks, ${precision}`, async (t) => {
    const cases = [...[64, 100].flatMap((dim) => presetCases(precision, dim)), ...formCases(precision)];
    for (const given of cases) await checkCase(t, { ...given, target: 'sm_80' });
    for (const given of largeCases(precision).slice(0, 1)) await checkCase(t, { ...given, target: 'sm_80', workspace: 16 * 2 ** 20 });
  });
}

test.serial('sm_80: logits that no fixed offset holds take running maxima', async (t) => {
  for (const given of extremeCases('f32')) t.is(await checkCase(t, { ...given, target: 'sm_80' }), 'running');
});
