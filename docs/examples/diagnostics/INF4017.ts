import { compile, counterpart, pairwiseLoss } from 'infinitile';

const views = pairwiseLoss('views', {
  between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] },
  positives: counterpart,
  logit: ({ dot }) => 20 * dot,
  rows: { counts: ({ row, col }) => row.view !== col.view || row.index !== col.index },
});
const kernel = await compile(views, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q.subarray(0, 4) });
