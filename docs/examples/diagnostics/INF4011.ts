import { clip, compile } from 'infinitile';

const kernel = await compile(clip, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q: q.map((x) => 1e20 * x), k: q.map((x) => 1e20 * x), params: { logScale: 2 } });
