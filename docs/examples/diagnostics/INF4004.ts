import { clip, compile } from 'infinitile';

const kernel = await compile(clip, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: [1, 0, 0, 0] as never, params: { logScale: 2 } });
