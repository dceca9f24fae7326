import { compile, pairwiseLoss, softmax } from 'infinitile';

const labelled = pairwiseLoss('labelled', {
  attributes: { rows: { label: 'i32' }, cols: { label: 'i32' } },
  positives: { where: ({ row, col }) => row.label === col.label },
  logit: ({ dot }) => 20 * dot,
  rows: softmax(),
});
const kernel = await compile(labelled, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q, rows: { label: Int32Array.of(3, 4) }, cols: { label: Int32Array.of(4, 3) } }, { metrics: true });
