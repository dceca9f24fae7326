import { compile, indexMap, infoNCE, withPositives } from 'infinitile';

const kernel = await compile(withPositives(infoNCE, indexMap), { dim: 4 });
const q = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
await kernel.run({ q, k: q, positives: Int32Array.of(0, 2), params: { logScale: 2 } });
