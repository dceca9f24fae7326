import { compile, pairwiseLoss, softmax } from 'infinitile';

const labelled = pairwiseLoss('labelled', {
  attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
  logit: ({ dot, row, col }) => (row.label === col.label ? 20 * dot : 10 * dot),
  rows: softmax(),
});
const kernel = await compile(labelled, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q, rows: { label: Int32Array.of(3) }, cols: { label: Float32Array.of(3, 4) } });
