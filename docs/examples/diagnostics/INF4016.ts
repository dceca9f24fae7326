import { compile, pairwiseLoss } from 'infinitile';

const guided = pairwiseLoss('guided', {
  guide: true,
  logit: ({ dot }) => 20 * dot,
  rows: { counts: ({ guide, positive }) => positive || guide < 0.9 },
});
const kernel = await compile(guided, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q });
