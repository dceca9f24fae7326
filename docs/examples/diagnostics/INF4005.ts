import { clip, compile } from 'infinitile';

const kernel = await compile(clip, { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: { data: new Uint16Array(8), shape: [2, 4], precision: 'bf16' }, params: { logScale: 2 } });
