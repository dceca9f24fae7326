import { compile, pairwiseLoss } from 'infinitile';

const lower = pairwiseLoss('lower', {
  logit: ({ dot }) => 20 * dot,
  rows: { counts: ({ row, col }) => col.index < row.index },
});
const kernel = await compile(lower, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q });
