import { clip, compile } from 'infinitile';

const kernel = await compile(clip, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q: { data: q, shape: [3, 4] }, k: q, params: { logScale: 2 } });
